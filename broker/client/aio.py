"""`AsyncClient`: does what a flow says, and awaits. `broker.client.sync` is its twin; nothing is decided in either."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from copy import copy
from typing import Self

from broker.client import network
from broker.client.flows import Alone, Flow, Got, Item, Pause, Read, Step, Stream, T, Try, result
from broker.client.messages import Answer, Broken
from broker.client.network import httpx
from broker.client.ways import carried, way
from broker.settings import Settings


class AsyncClient:
    """Requests to rows, for tasks of one event loop. What is cancelled is given up, and its connection closed."""

    def __init__(
        self,
        settings: Settings,
        token: str,
        *,
        account: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = 30.0,
        patience: float = 0.0,
    ) -> None:
        self._way = way(settings, token, account, patience=patience)
        chosen = transport or network.AsyncNetwork()
        self._http = httpx.AsyncClient(timeout=network.limits(timeout), transport=chosen, trust_env=False)
        self._lock = asyncio.Lock()

    async def do(self, flow: Flow[T]) -> T:
        """What a flow gives."""
        async with aclosing(self.each(result(flow))) as found:
            return await anext(found)

    async def each(self, stream: Stream[T]) -> AsyncGenerator[T, None]:
        """What a stream gives, one after the other. Who leaves the loop before its end closes it (`aclosing`)."""
        steps = carried(self._way, stream)
        line = _AsyncLine(self._http)
        got: Got = None
        try:
            while True:
                step = steps.send(got)
                if isinstance(step, Item):
                    yield step.value
                    got = None
                else:
                    got = await self._step(step, line)
        except StopIteration:
            return
        finally:
            steps.close()
            await line.close()

    async def _step(self, step: Step, line: _AsyncLine) -> Got:
        match step:
            case Try():
                return await line.send(step)
            case Read():
                return await line.read()
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Alone(flow):
                async with self._lock:
                    await self.do(flow)
        return None

    def acting_for(self, account: str) -> Self:
        """The same client, connections and memory, for another account."""
        other = copy(self)
        other._way = self._way.acting_for(account)
        return other

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class _AsyncLine:
    """What one flow says to the network, and the one stream that it may have open."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._open: httpx.Response | None = None
        self._chunks: AsyncIterator[bytes] = _nothing()
        self._address = ""

    async def send(self, step: Try) -> Answer | Broken:
        await self.close()
        try:
            found = await self._http.send(network.built(self._http, step), stream=step.request.stream)
            if not step.request.stream:
                return network.answer(found)
            self._open, self._chunks, self._address = found, found.aiter_bytes(), step.address
            if found.is_success:
                return network.head(found)
            await found.aread()
            return network.answer(found)
        except network.FAILURES as error:
            return network.broken(step.address, error)

    async def read(self) -> bytes | Broken:
        try:
            return await anext(self._chunks, b"")
        except network.FAILURES as error:
            return network.broken(self._address, error)

    async def close(self) -> None:
        if self._open is not None:
            await self._open.aclose()
            self._open = None


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
