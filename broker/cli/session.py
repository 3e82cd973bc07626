"""Who the command line is, and how it reaches the broker; and the two ways a result is printed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from broker.errors import Unauthenticated

if TYPE_CHECKING:
    from broker.client import Client
    from broker.settings import Settings


def client(settings: Settings | None = None) -> Client:
    """A client for the broker of the settings, as whoever the token speaks for."""
    from broker.client import Client
    from broker.settings import load

    settings = settings or load()
    return Client(settings, settings.token or _own_token(settings))


def _own_token(settings: Settings) -> str:
    """On the broker's machine, whoever can read its key is its administrator."""
    key = settings.home / "installation.json"
    try:
        readable = key.stat().st_size > 0
    except OSError:
        readable = False
    if not readable:
        raise Unauthenticated(
            "no token: nobody says who you are",
            hint=f"set ACCORDS_TOKEN, or run this where {key} can be read (after `accords serve all` first ran)",
        )
    from broker import auth

    return auth.issue(auth.installation(settings).key, auth.Principal("operator", settings.account, auth.Role.ADMIN))


def show(lines: Iterable[str]) -> None:
    """The result, for people."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def show_json(value: object, *, line: bool = False) -> None:
    """The result, for machines: one JSON value, indented; or a line of it, where values follow each other."""
    import orjson  # not for who wants lines

    sys.stdout.buffer.write(
        orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE | (0 if line else orjson.OPT_INDENT_2))
    )
    sys.stdout.flush()


def tell(line: str) -> None:
    """What is not the result: progress, hints. Standard error."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
