"""Requests to EC2's Query API: libcloud's driver signs them, our transport sends them, lxml reads what is answered.

libcloud's EC2 driver is not safe across threads, so each thread has its own. It is told signature version 4, because it
would sign with version 2 in ten regions, and to send by POST: user-data do not fit into an address. It refuses regions
that are newer than its list, so it is opened for one that it knows and told the real one after that.

An answer is believed when it is the one that was asked for: a server that cannot read a signature, or speaks another
name space, would otherwise look like an empty account.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import httpx
from libcloud.compute.drivers.ec2 import EC2Connection, EC2NodeDriver
from lxml import etree

from providers.ec2.credentials import Chain, Credentials
from providers.ec2.errors import EXPIRED, kind_of
from providers.errors import Ambiguous, ProviderError, Throttled
from providers.transport import Clock, exchange, retry_after

VERSION = "2016-11-15"
PAGE = "1000"
"""The largest page that every paged action takes; DescribeInstanceTypes takes 100."""
KNOWN_REGION = "us-east-1"
_NAMESPACE = re.compile(rb' xmlns="[^"]*"')
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


class Heard:
    """What libcloud makes of an answer: nothing, so that an error keeps its code."""

    def __init__(self, connection: object, response: httpx.Response) -> None:
        self.response = response


class Sender:
    """What stands where libcloud has its HTTP connection: one request of the call whose clock it was given."""

    def __init__(self, by: httpx.BaseTransport, url: str, provider: str) -> None:
        self._by = by
        self._url = url
        self._provider = provider
        self._answer: httpx.Response | None = None
        self.clock = Clock(0.0)

    def request(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, Any] | None = None, **_: object
    ) -> None:
        said = {name: str(value).strip() for name, value in (headers or {}).items()}  # signed so, too
        request = httpx.Request(method, self._url + url, content=body, headers=said)
        self._answer = exchange(self._by, request, self.clock, provider=self._provider, thing="")

    def getresponse(self) -> httpx.Response | None:
        return self._answer


class Connection(EC2Connection):
    """Signed by libcloud. A session token goes in the header alone, not in the address as well."""

    responseCls = Heard  # type: ignore[assignment]  # noqa: N815 - libcloud's name; it takes any class

    def add_default_params(self, params: dict[str, str]) -> dict[str, str]:
        return params


class Signing(EC2NodeDriver):
    """libcloud's driver with that connection."""

    connectionCls = Connection  # noqa: N815 - libcloud's name


@dataclass(frozen=True, slots=True)
class Place:
    """Where EC2 is: its region's name and its address."""

    region: str
    url: str


class Wire:
    """One account's requests, from any thread."""

    def __init__(self, name: str, place: Place, chain: Chain, by: httpx.BaseTransport) -> None:
        self._name = name
        self._place = place
        self._chain = chain
        self._by = by
        self._own = threading.local()

    def send(self, action: str, params: Mapping[str, str], clock: Clock) -> etree._Element:
        """The answer's root. Credentials that have ended are renewed, once."""
        credentials = self._chain.current(clock)
        answer = self._sent(credentials, action, params, clock)
        code, said = _error(answer)
        if code in EXPIRED and (other := self._chain.renewed(credentials, clock)) != credentials:
            answer = self._sent(other, action, params, clock)
            code, said = _error(answer)
        if answer.is_success:
            return self._read(action, answer)
        raise self._failed(action, answer, code, said)

    def _sent(self, credentials: Credentials, action: str, params: Mapping[str, str], clock: Clock) -> httpx.Response:
        driver, sender = self._driver(credentials)
        sender.clock = clock
        body = urlencode({"Action": action, "Version": VERSION, **params})
        heard = driver.connection.request(  # type: ignore[no-untyped-call]  # libcloud has few types
            "/", data=body, method="POST", headers=_HEADERS, retry_failed=False
        )
        return cast(Heard, heard).response

    def _driver(self, credentials: Credentials) -> tuple[Signing, Sender]:
        """This thread's own, made anew for other credentials."""
        own = self._own
        if getattr(own, "credentials", None) != credentials:
            own.driver, own.sender = self._signing(credentials), Sender(self._by, self._place.url, self._name)
            own.driver.connection.connection = own.sender
            own.credentials = credentials
        return own.driver, own.sender

    def _signing(self, credentials: Credentials) -> Signing:
        where = urlsplit(self._place.url)
        driver = Signing(  # type: ignore[no-untyped-call]  # libcloud has few types
            credentials.key,
            credentials.secret,
            secure=where.scheme == "https",
            host=where.hostname,
            port=where.port or (443 if where.scheme == "https" else 80),
            region=KNOWN_REGION,
            token=credentials.token,
            signature_version="4",
        )
        driver.region_name = self._place.region
        return driver

    def _read(self, action: str, answer: httpx.Response) -> etree._Element:
        root = _parsed(answer.content)
        if root is None or root.tag != f"{action}Response":
            said = "no XML" if root is None else root.tag
            raise Ambiguous(f"{action}: the answer is {said}, not EC2's; is {self._place.url} an EC2?")
        return root

    def _failed(self, action: str, answer: httpx.Response, code: str, said: str) -> ProviderError:
        kind = kind_of(code, answer.status_code)
        message = f"{action}: {answer.status_code} {code} {said}".rstrip()
        if kind is Throttled:
            return Throttled(message, delay=retry_after(answer.headers))
        return kind(message)


@dataclass(frozen=True, slots=True)
class Call:
    """The requests of one call of the Protocol: they share its clock."""

    wire: Wire
    clock: Clock

    def ask(self, action: str, params: Mapping[str, str] | None = None) -> etree._Element:
        """One request; the answer's root."""
        return self.wire.send(action, params or {}, self.clock)

    def each(
        self, action: str, path: str, params: Mapping[str, str] | None = None, page: str | None = PAGE
    ) -> Iterator[etree._Element]:
        """The elements at `path` of all pages. Ambiguous where the answer has no such list. `page` None: the action
        takes no pages."""
        asked = {**(params or {}), **({"MaxResults": page} if page else {})}
        while True:
            root = self.ask(action, asked)
            if root.find(path.partition("/")[0]) is None:
                raise Ambiguous(f"{action}: the answer has no {path.partition('/')[0]}; it is not believed")
            yield from root.iterfind(path)
            token = root.findtext("nextToken")
            if not token:
                return
            asked = {**asked, "NextToken": token}


def numbered(prefix: str, values: Iterable[str]) -> dict[str, str]:
    """A list as the Query API writes it: `Prefix.1`, `Prefix.2`."""
    return {f"{prefix}.{number}": value for number, value in enumerate(values, 1)}


def filters(wanted: Mapping[str, str | Sequence[str]]) -> dict[str, str]:
    """Filters as the Query API writes them; several values are alternatives."""
    found: dict[str, str] = {}
    for number, (name, values) in enumerate(wanted.items(), 1):
        found[f"Filter.{number}.Name"] = name
        found |= numbered(f"Filter.{number}.Value", (values,) if isinstance(values, str) else values)
    return found


def _parsed(body: bytes) -> etree._Element | None:
    """The root without its name space, which stand-ins and old endpoints write differently; None for what is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, load_dtd=False)
    try:
        return etree.fromstring(_NAMESPACE.sub(b"", body, count=1), parser)
    except etree.XMLSyntaxError:
        return None


def _error(answer: httpx.Response) -> tuple[str, str]:
    """(code, sentence) of an answer that is an error; both empty where it is none, or says none."""
    root = None if answer.is_success else _parsed(answer.content)
    if root is None:
        return "", "" if answer.is_success else answer.text[:300]
    found = root.find(".//Error")
    return ("", "") if found is None else (found.findtext("Code", ""), found.findtext("Message", "")[:300])
