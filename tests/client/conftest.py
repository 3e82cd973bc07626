"""The same tests for both faces: a broker with its worker in this process, and a client of either kind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import aclosing, closing
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

import httpx
import pytest

from broker import auth
from broker.client import AsyncClient, Client
from broker.client.flows import Flow, Stream
from broker.settings import Settings
from tests.operations.house import House

T = TypeVar("T")


class Face(Protocol):
    """What both can do, as a test without `await` sees it. `some` takes the first items and leaves; None: all."""

    def do(self, flow: Flow[T]) -> T: ...
    def some(self, stream: Stream[T], count: int | None = None) -> Sequence[T]: ...
    def acting_for(self, account: str) -> Face: ...
    def close(self) -> None: ...


class Waiting:
    def __init__(self, client: Client) -> None:
        self._client = client

    def do(self, flow: Flow[T]) -> T:
        return self._client.do(flow)

    def some(self, stream: Stream[T], count: int | None = None) -> Sequence[T]:
        with closing(self._client.each(stream)) as found:
            return list(islice(found, count))

    def acting_for(self, account: str) -> Waiting:
        return Waiting(self._client.acting_for(account))

    def close(self) -> None:
        self._client.close()


class Awaiting:
    def __init__(self, client: AsyncClient, runner: asyncio.Runner) -> None:
        self._client = client
        self._runner = runner

    def do(self, flow: Flow[T]) -> T:
        return self._runner.run(self._client.do(flow))

    def some(self, stream: Stream[T], count: int | None = None) -> Sequence[T]:
        return self._runner.run(self._some(stream, count))

    async def _some(self, stream: Stream[T], count: int | None) -> Sequence[T]:
        taken: list[T] = []
        async with aclosing(self._client.each(stream)) as found:
            async for each in found:
                taken.append(each)
                if len(taken) == count:
                    break
        return taken

    def acting_for(self, account: str) -> Awaiting:
        return Awaiting(self._client.acting_for(account), self._runner)

    def close(self) -> None:
        self._runner.run(self._client.close())
        self._runner.close()


class Threaded(httpx.AsyncBaseTransport):
    """A transport that waits, for who awaits."""

    def __init__(self, waits: httpx.BaseTransport) -> None:
        self._waits = waits

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        found = await asyncio.to_thread(self._waits.handle_request, request)
        return httpx.Response(found.status_code, headers=found.headers, content=found.read())


class Faces:
    """Makes clients of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._made: list[Face] = []

    def __call__(
        self,
        settings: Settings,
        token: str,
        transport: httpx.BaseTransport | None = None,
        *,
        timeout: float = 30.0,
        patience: float = 0.0,
    ) -> Face:
        if self.kind == "sync":
            waits = Client(settings, token, transport=transport, timeout=timeout, patience=patience)
            self._made.append(Waiting(waits))
        else:
            other = None if transport is None else Threaded(transport)
            awaits = AsyncClient(settings, token, transport=other, timeout=timeout, patience=patience)
            self._made.append(Awaiting(awaits, asyncio.Runner()))
        return self._made[-1]

    def close(self) -> None:
        for each in self._made:
            each.close()


@pytest.fixture(params=["sync", "async"])
def faces(request: pytest.FixtureRequest) -> Iterator[Faces]:
    found = Faces(request.param)
    yield found
    found.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    found = House(tmp_path_factory.mktemp("house"))
    yield found
    found.close()


@pytest.fixture
def account(tmp_path: Path) -> str:
    """Nobody else's."""
    return f"ward-{tmp_path.name}"


@pytest.fixture
def ann(house: House, faces: Faces, account: str) -> Face:
    """Somebody with a client over all rows of this process, as if they were at their ports."""
    token = auth.issue(house.installation.key, auth.Principal("ann", account, auth.Role.USER))
    return faces(house.settings, token, httpx.WSGITransport(app=house.rows.by_port))
