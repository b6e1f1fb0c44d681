"""What WeChat and WeCom share: ``errcode`` and ``errmsg``, and an access token in the query."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Generic, TypeVar

import msgspec

from gatepost.errors import PlatformError, TokenRejected, TooLarge
from gatepost.kit.reply import Json, Reply, decode
from gatepost.kit.retry import retrying
from gatepost.kit.secret import Secret
from gatepost.kit.token_cache import Obtained
from gatepost.platforms._wording import log_id_in, naming_us
from gatepost.platforms.base import Code, CodeClass, CodeTable, Platform, error_for

T = TypeVar("T")

OK = 200


class Envelope(msgspec.Struct):
    """What every answer may hold; success may leave it out."""

    errcode: int = 0
    errmsg: str | None = None


class TokenAnswer(msgspec.Struct):
    """An access token and the seconds it lives from now on."""

    access_token: Annotated[str, msgspec.Meta(min_length=1)]
    expires_in: Annotated[int, msgspec.Meta(gt=0)]

    @property
    def obtained(self) -> Obtained:
        """For the token cache."""
        return Obtained(Secret(self.access_token), float(self.expires_in))


class AddressAnswer(msgspec.Struct):
    """A list of addresses; the key is required, so an error can never look like an empty list."""

    ip_list: list[str]


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """One call of the API that needs an access token."""

    answer: type[T]
    """What a successful answer must hold."""
    path: str
    method: str = "GET"
    json: Json = field(default=None, repr=False)


class Weixin(Platform):
    """A client whose calls carry ``access_token`` and whose answers carry ``errcode``."""

    codes: ClassVar[CodeTable]
    waits: ClassVar[Mapping[int, float]]
    attempts: ClassVar[int] = 3
    """Requests made in all while the platform is busy or cannot be reached."""

    @abstractmethod
    async def token(self) -> Secret:
        """An access token that should be good."""

    @abstractmethod
    async def drop(self, token: Secret) -> None:
        """Forget a token the platform refused."""

    async def put(self, question: Question[T]) -> T:
        """The answer; a refused token is replaced once, a busy platform asked again within bounds."""
        token = await self.token()
        try:
            return await self._bounded(question, token)
        except TokenRejected as error:
            if self.codes.find(error.code or 0).klass is not CodeClass.REFRESH:
                raise
        await self.drop(token)
        return await self._bounded(question, await self.token())

    async def addresses(self, path: str) -> tuple[str, ...]:
        """An address list, in the platform's order, duplicates kept."""
        answer = await self.put(Question(AddressAnswer, path))
        self.limited(answer.ip_list)
        return tuple(answer.ip_list)

    def limited(self, entries: Sequence[object]) -> None:
        """Raise TooLarge where entries are more than allowed."""
        if len(entries) > self.bounds.max_entries:
            msg = f"{len(entries)} entries are more than the {self.bounds.max_entries} allowed"
            raise TooLarge(msg)

    def wait(self, code: int) -> float | None:
        """Seconds to stay away after a code."""
        return self.waits.get(code)

    async def _bounded(self, question: Question[T], token: Secret) -> T:
        return await retrying(lambda: self._once(question, token), self.clock, self.attempts)

    async def _once(self, question: Question[T], token: Secret) -> T:
        params = {"access_token": token}
        reply = await self.ask(question.method, question.path, params=params, json=question.json)
        judge(reply, self.codes, self.wait)
        return decode(reply, question.answer)


def judge(reply: Reply, codes: CodeTable, wait: Callable[[int], float | None]) -> None:
    """Raise what ``errcode`` says, before anything else of the answer is looked at.

    ``wait`` gives the seconds to stay away after a code. A status other than
    200 stands for the code where the answer has none.
    """
    envelope = decode(reply, Envelope)
    code, said = envelope.errcode, envelope.errmsg or ""
    if code or reply.status != OK:
        raise _refusal(reply, naming_us(codes.find(code or reply.status, reply.status), said), said, wait)


def _refusal(reply: Reply, row: Code, said: str, wait: Callable[[int], float | None]) -> PlatformError:
    seconds = wait(row.code)
    error = error_for(row, reply, said, log_id=log_id_in(said), retry_after=seconds)
    if row.klass is CodeClass.NETWORK:
        error.retry_after = seconds
    return error
