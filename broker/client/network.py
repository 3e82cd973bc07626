"""httpx, for both faces: how a step becomes its request, its response an Answer, and its failure Broken."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cached_property

from broker.client.flows import Try
from broker.client.messages import Answer, Broken

# httpx has a command line of its own, and where click and rich happen to be installed it loads them: 5 MB in every
# process and a third of a command's start. None here says to Python that there is no such module.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # typeshed does not know that None may stand here

import httpx as httpx  # noqa: E402, PLC0414 - after the line above; the faces take it from here

CONNECTING = 5.0
"""Seconds until nobody is taken to listen at an address: a machine that is off refuses nothing, it is silent."""
FAILURES = (httpx.RequestError, httpx.InvalidURL)
"""What httpx raises where no answer comes."""
_NOT_ASKED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


def limits(seconds: float) -> httpx.Timeout:
    """Seconds without a sign of life."""
    return httpx.Timeout(seconds, connect=min(seconds, CONNECTING))


def built(http: httpx.Client | httpx.AsyncClient, step: Try) -> httpx.Request:
    said = step.request
    timeout = httpx.USE_CLIENT_DEFAULT if said.timeout is None else limits(said.timeout)
    url = step.address + said.path
    headers = [(name.encode(), value.encode()) for name, value in said.headers.items()]  # OCCI's values are UTF-8
    return http.build_request(
        said.method, url, content=said.content, headers=headers, params=said.params or None, timeout=timeout
    )


def answer(found: httpx.Response) -> Answer:
    """A response that was read."""
    return Answer(found.status_code, _headers(found), found.content)


def head(found: httpx.Response) -> Answer:
    """A response whose body is still to come."""
    return Answer(found.status_code, _headers(found))


def _headers(found: httpx.Response) -> Mapping[str, str]:
    return dict(found.headers.items())


def broken(address: str, error: Exception) -> Broken:
    return Broken(address, type(error).__name__, asked=not isinstance(error, _NOT_ASKED))


class Network(httpx.BaseTransport):
    """Connections to rows elsewhere. The authorities' certificates are read for the first https address: they are 2 MB
    and 20 ms, for each of the ten rows of a process."""

    def __init__(self) -> None:
        self._plain = httpx.HTTPTransport(verify=False, trust_env=False)  # no TLS through this one

    @cached_property
    def _secured(self) -> httpx.HTTPTransport:
        return httpx.HTTPTransport(trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        chosen = self._secured if request.url.scheme == "https" else self._plain
        return chosen.handle_request(request)

    def close(self) -> None:
        for opened in (self._plain, self.__dict__.get("_secured")):
            if opened is not None:
                opened.close()


class AsyncNetwork(httpx.AsyncBaseTransport):
    """The same, awaited."""

    def __init__(self) -> None:
        self._plain = httpx.AsyncHTTPTransport(verify=False, trust_env=False)  # no TLS through this one

    @cached_property
    def _secured(self) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        chosen = self._secured if request.url.scheme == "https" else self._plain
        return await chosen.handle_async_request(request)

    async def aclose(self) -> None:
        for opened in (self._plain, self.__dict__.get("_secured")):
            if opened is not None:
                await opened.aclose()
