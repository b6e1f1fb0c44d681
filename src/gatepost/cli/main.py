"""The door of the program."""


def main() -> None:
    """Run the command line."""
