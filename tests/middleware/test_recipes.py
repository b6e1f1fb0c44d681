"""The recipes of docs/gate.md, as they stand there, in the real frameworks, asked over real connections."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from callbacks.vectors import AES_KEY, OFFICIAL
from gatepost.callbacks.wecom import WeCom
from gatepost.gate.asgi import AsgiGate
from gatepost.kit.secret import Secret
from gatepost.middleware import open_gate
from rigs.gates import Told
from rigs.webapp import ask, ask_unix, on_uvicorn, on_wsgiref

PAGE = Path(__file__).parents[2] / "docs" / "gate.md"
LISTED, STRANGER, PROXY = "127.0.0.7", "127.0.0.8", "127.0.0.1"

VIEWS = """
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

@csrf_exempt
def events(request):
    found = request.META.get("gatepost") or request.scope["gatepost"]
    return HttpResponse(f"from {found.client}")

def public(request):
    return HttpResponse("public")

SECRET_KEY = "x"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "mysite.settings"
urlpatterns = [path("feishu/events", events), path("public", public)]
"""


@pytest.fixture
def place(tmp_path):
    """A list that lets one address of loopback in, and one further away."""
    path = tmp_path / "webhooks.txt"
    path.write_text(f"{LISTED}\n101.126.59.0/24\n")
    return path


@pytest.fixture
def recipe(place, tmp_path, monkeypatch):
    """A recipe's module, made of its block on the page with the test's list in place of the page's."""
    site = tmp_path / "mysite"
    site.mkdir()
    (site / "settings.py").write_text(VIEWS)
    (site / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "mysite.settings")

    def load(name: str):
        block = re.search(rf"<!-- recipe: {name} -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
        assert block is not None
        path = tmp_path / f"recipe_{name.replace('-', '_')}.py"
        path.write_text(block[1].replace("/var/lib/gatepost/webhooks.txt", str(place)))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module  # FastAPI looks up the annotations there
        spec.loader.exec_module(module)
        return module

    yield load
    for name in [name for name in sys.modules if name.startswith(("recipe_", "mysite"))]:
        del sys.modules[name]


def walk_through(port: int) -> None:
    """What each recipe must show: listed in, others out, the proxy's word and nobody else's."""
    assert ask(port, "/feishu/events", source=LISTED)[0] == 200
    assert LISTED in ask(port, "/feishu/events", source=LISTED)[1]
    assert ask(port, "/feishu/events", source=STRANGER) == (403, "This address is not allowed here.\n")
    assert ask(port, "/feishu/events", LISTED, source=STRANGER)[0] == 403
    assert "101.126.59.7" in ask(port, "/feishu/events", "6.6.6.6, 101.126.59.7", source=PROXY)[1]
    assert "101.126.59.7" in ask(port, "/feishu/events", "6.6.6.6", "101.126.59.7", source=PROXY)[1]
    assert ask(port, "/feishu/events", "101.126.59.7, 6.6.6.6", source=PROXY)[0] == 403
    assert ask(port, "/feishu/events", "101.126.59.7", "6.6.6.6", source=PROXY)[0] == 403
    assert ask(port, "/feishu/events", source=PROXY)[0] == 403
    assert ask(port, "/feishu/events", source=STRANGER, method="OPTIONS")[0] == 403
    assert ask(port, "/public/..%2ffeishu/events", source=STRANGER)[0] == 403


def test_fastapi(recipe):
    """The FastAPI recipe; what is not guarded stays open."""
    module = recipe("fastapi")
    with on_uvicorn(module.app) as port:
        walk_through(port)
        assert json.loads(ask(port, "/feishu/events", source=LISTED)[1]) == {"from": LISTED}
        assert ask(port, "/docs", source=STRANGER, method="GET")[0] == 200


def test_starlette(recipe):
    """The Starlette recipe."""
    with on_uvicorn(recipe("starlette").app) as port:
        walk_through(port)
        assert ask(port, "/docs", source=STRANGER)[0] == 403


def test_django_behind_wsgi(recipe):
    """The recipe for Django's ``wsgi.py``."""
    with on_wsgiref(recipe("django-wsgi").application) as port:
        walk_through(port)
        assert ask(port, "/public", source=STRANGER, method="GET") == (200, "public")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # asgiref asks asyncio what Python 3.14 takes away
def test_django_behind_asgi(recipe):
    """The recipe for Django's ``asgi.py``."""
    with on_uvicorn(recipe("django-asgi").application, lifespan="off") as port:
        walk_through(port)
        assert ask(port, "/public", source=STRANGER, method="GET") == (200, "public")


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse((await request.body()).decode() or "hello")


HELLO = Starlette(routes=[Route("/{rest:path}", hello, methods=["GET", "POST"])])


def test_a_list_changes_while_requests_run(place):
    """The file is replaced; the next requests are judged by the new one, without a restart."""
    gate = open_gate(place, every=3_600.0)
    with on_uvicorn(AsgiGate(HELLO, gate)) as port:
        assert [ask(port, "/", source=source)[0] for source in (LISTED, STRANGER)] == [200, 403]
        place.write_text(f"{STRANGER}\n{LISTED}\n101.126.59.0/24\n")
        gate.follower.turn()
        assert [ask(port, "/", source=source)[0] for source in (LISTED, STRANGER)] == [200, 200]
    gate.close()


def test_uvicorn_with_proxy_headers_is_found_out(place):
    """G5: started as by default, it puts the header's address in the peer's place: refused, not believed."""
    for options in ({}, {"trusted_proxies": [PROXY]}):
        gate = open_gate(place, **options)
        with on_uvicorn(AsgiGate(HELLO, gate), proxy_headers=True) as port:
            assert ask(port, "/", "101.126.59.7", source=PROXY)[0] == 403
            assert ask(port, "/", source=LISTED)[0] == 200
        with on_uvicorn(AsgiGate(HELLO, gate), proxy_headers=True, forwarded_allow_ips="*") as port:
            assert ask(port, "/", "101.126.59.7", source=STRANGER)[0] == 403
        assert gate.counts.refused == {"peer-rewritten": 2}
        gate.close()


def test_a_port_in_the_header_hides_a_rewritten_peer_from_nobody(place):
    """G5: uvicorn takes ``address:port`` whole from the header; where proxies are named it is found out."""
    gate = open_gate(place, trusted_proxies=["10.0.0.1"])
    with on_uvicorn(AsgiGate(HELLO, gate), proxy_headers=True) as port:
        assert ask(port, "/", "101.126.59.7:4711", source=PROXY)[0] == 403
    assert gate.counts.refused == {"peer-rewritten": 1}
    gate.close()


def test_a_unix_socket(place, tmp_path):
    """G6: nobody comes through it unless it is trusted; then the header's last stranger counts."""
    for number, (options, status) in enumerate((({}, 403), ({"trust_unix_socket": True}, 200))):
        gate = open_gate(place, **options)
        socket = tmp_path / f"{number}.sock"
        with on_uvicorn(AsgiGate(HELLO, gate), uds=str(socket)):
            assert ask_unix(socket, "/", "6.6.6.6, 101.126.59.7") == status
            assert ask_unix(socket, "/", "101.126.59.7, 6.6.6.6") == 403
        gate.close()


def test_a_gate_inside_a_mount(place):
    """G8: before a mounted application, paths count from the root and from the mount."""
    for guard in ("/feishu/", "/app/feishu/"):
        gate = open_gate(place, guard=[guard])
        app = Starlette(routes=[Mount("/app", app=AsgiGate(HELLO, gate))])
        with on_uvicorn(app) as port:
            assert ask(port, "/app/feishu/x", source=STRANGER)[0] == 403
            assert ask(port, "/app/feishu/x", source=LISTED)[0] == 200
            assert ask(port, "/app/public", source=STRANGER)[0] == 200
        gate.close()


def test_a_signature_beside_the_address(place):
    """G9: both must hold; one from elsewhere is refused, and told with the line that pins the address."""
    told = Told()
    check = WeCom(token=Secret("QDG6eK"), encoding_aes_key=Secret(AES_KEY), receiver="wx5823bf96d3bd56c7")
    gate = open_gate(place, check=check, on_unlisted=told)
    gate.now = lambda: 1_409_659_813.0
    path = "/?" + OFFICIAL.query.decode()
    with on_uvicorn(AsgiGate(HELLO, gate)) as port:
        assert ask(port, path, source=LISTED, body=OFFICIAL.body) == (200, OFFICIAL.body.decode())
        assert ask(port, path, source=LISTED)[0] == 403
        assert ask(port, "/", source=LISTED, body=OFFICIAL.body)[0] == 403
        assert told == []
        assert ask(port, path, source=STRANGER, body=OFFICIAL.body)[0] == 403
    assert gate.counts.refused == {"signature": 2, "unlisted": 1}
    command = "gatepost pin webhooks 127.0.0.8 --why 'calls with a valid wecom signature, unlisted'"
    assert [(event.client, event.command) for event in told] == [(STRANGER, command)]
    gate.close()
