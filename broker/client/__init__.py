"""The client: talking to category servers by row name, as somebody, for an account. `docs/client.md` shows its use.

    with Client(settings, token) as client:             async with AsyncClient(settings, token) as client:
        made = client.do(entities.create("node", node))     made = await client.do(entities.create("node", node))

What can be done is written once, as flows without I/O (`flows`), and either face does it. The rooms:

    messages    Request, Answer, and the error an answer was made from
    ways        to a row: the publisher, other addresses, when to try again
    entities    get, list, create, change, act; `categories` discovers and defines
    documents   posting manifests and agreements, asking for plans
    services    what was deployed: up, actions, reports, waiting
    events      what happens, by long poll or as a stream
    sync, aio   the faces; `network` is what they share of httpx
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from broker.client.messages import Answer, Request, TimeUp, Unreadable
from broker.client.sync import Client
from broker.client.ways import ACCOUNT_HEADER, REMEMBERED, REQUEST_ID, ROW_HEADER, Directory

if TYPE_CHECKING:
    from broker.client.aio import AsyncClient

__all__ = [
    "ACCOUNT_HEADER",
    "REMEMBERED",
    "REQUEST_ID",
    "ROW_HEADER",
    "Answer",
    "AsyncClient",
    "Client",
    "Directory",
    "Request",
    "TimeUp",
    "Unreadable",
]


def __getattr__(name: str) -> Any:
    """asyncio is half as large as httpx, and commands and servers with threads do without it."""
    if name != "AsyncClient":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from broker.client.aio import AsyncClient

    return AsyncClient
