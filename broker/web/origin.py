"""All rows at one address (the setting `origin_port`): each request goes to the row that it is about.

    the row it names       X-Accords-Row: the rows' own client says whom it means
    its path's location    locations of kinds are unique over all rows
    /-/ and its twin       the categories of all rows; a user's mixin is made and removed at each
    any other path         several rows have something there: `/`, /link/, /cords/, users' tags

What all rows are asked is put together by `merging`. Nothing is kept here: the rows check and store.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import falcon
import orjson

from broker import services
from broker.client import ROW_HEADER
from broker.errors import Clash
from broker.hooks.rows import wired
from broker.occi import kinds, read, render
from broker.occi.drafts import path as path_of
from broker.occi.errors import Malformed, Unknown
from broker.occi.media import Media
from broker.occi.registry import Registry
from broker.services import ROWS
from broker.settings import Settings
from broker.web import body, merging, negotiate
from broker.web.exchange import parameters, said_in
from broker.web.merging import Answer
from broker.web.selection import LARGEST, window

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_NAMED = "HTTP_" + ROW_HEADER.upper().replace("-", "_")


_LOOK = {"REQUEST_METHOD": "GET", "HTTP_ACCEPT": "text/uri-list", "QUERY_STRING": "", "HTTP_CATEGORY": ""}
"""What has a row list its members, whatever the request would do with them."""
_LIST = {"CONTENT_TYPE": "text/uri-list", "HTTP_X_OCCI_LOCATION": ""}
"""What a request says of its body when its locations were sorted by row."""


def homes() -> dict[str, str]:
    """Location or fixed path -> the row that alone has it."""
    found = {}
    for row in map(wired, ROWS):
        for category in kinds.categories(row.name):
            if location := getattr(category, "location", None):
                found[location] = row.name
        found.update({path.partition("{")[0]: row.name for path in row.routes})
    return found


class Origin:
    """A WSGI application before those of the rows; `shared` answers what is no row's alone."""

    def __init__(self, rows: Mapping[str, WSGIApplication], shared: WSGIApplication) -> None:
        self._rows = rows
        self._shared = shared
        self._homes = homes()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        row = environ.get(_NAMED) or row_at(self._homes, environ["PATH_INFO"])
        return self._rows.get(row or "", self._shared)(environ, start_response)


def row_at(homes: Mapping[str, str], path: str) -> str | None:
    """The row that alone has a path: its own, or the nearest location above it."""
    found, end = homes.get(path), len(path)
    while found is None and (end := path.rfind("/", 0, end)) > 0:
        found = homes.get(path[: end + 1])
    return found


class Asking:
    """One request, asked of several rows."""

    def __init__(self, rows: Mapping[str, WSGIApplication], settings: Settings, req: falcon.Request) -> None:
        self.registry: Registry = kinds.registry(
            *(row.name for row in ROWS), compatible=settings.occi_1_1, bound=settings.bind_entity
        )
        self.query = parameters(req.query_string)
        self._rows = rows
        self._environ: dict[str, Any] = req.env
        self._body = body.read(req, settings.body_limit)
        self._media = req.content_type

    def all(self, **changes: str) -> list[Answer]:
        """What each row answers, the request changed as told."""
        return [self.one(row, changes) for row in self._rows]

    def first(self, number: int) -> list[Answer]:
        """So many members of each row at least, if it has them: page after page, as large as a row gives."""
        size = min(number, LARGEST)
        pages, found = -(-number // size), []
        for row in self._rows:
            for page in range(1, pages + 1):
                query = urlencode({**self.query, "page": page, "number": size})
                found.append(self.one(row, {"REQUEST_METHOD": "GET", "QUERY_STRING": query}))
                if page < pages and merging.size(found[-1]) < size:
                    break
        return found

    def one(self, row: str, changes: Mapping[str, str] | None = None, *, content: bytes | None = None) -> Answer:
        sent = self._body if content is None else content
        # This body is here already, whole; and what the client has of all rows, no row can compare with its own.
        dropped = ("gunicorn.socket", "HTTP_TRANSFER_ENCODING", "HTTP_IF_NONE_MATCH")
        environ = {name: value for name, value in self._environ.items() if name not in dropped}
        environ |= {**(changes or {}), "wsgi.input": io.BytesIO(sent), "CONTENT_LENGTH": str(len(sent))}
        return _ask(self._rows[row], environ)

    def request(self) -> read.Request:
        """The request as the rendering says it."""
        media = negotiate.sent(self._media, has_body=bool(self._body))
        return read.Request(media, said_in(self._environ), self._body)


def _ask(app: WSGIApplication, environ: dict[str, Any]) -> Answer:
    said: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        said[:] = [status, tuple(headers)]

    found = b"".join(app(environ, start))
    return Answer(said[0], said[1], found)


class Categories:
    """`/-/` of all rows."""

    def __init__(self, rows: Mapping[str, WSGIApplication], settings: Settings) -> None:
        self._rows = rows
        self._settings = settings

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        asking = Asking(self._rows, self._settings, req)
        only = [each.id for each in read.said(read.Request(Media.OCCI, asking.request().headers)).categories]
        only += [asking.query["category"]] if "category" in asking.query else []
        media = negotiate.wanted(req.env.get("HTTP_ACCEPT"))
        asked = media if media in negotiate.JSONS else Media.PLAIN
        answers = asking.all(HTTP_ACCEPT=asked, HTTP_CATEGORY="", QUERY_STRING="", REQUEST_METHOD="GET")
        if (refused := merging.decisive(answers)) is not None:
            _send(resp, refused)
        elif media in negotiate.JSONS:
            _send(resp, Answer("200 OK", (("Content-Type", media),), _described(answers, only)))
        else:
            found = _chosen(merging.categories(answers), only)
            rendered = render.category_values(list(found.values()), media, limit=self._settings.header_limit)
            _send(resp, Answer("200 OK", (("Content-Type", media), *rendered.headers), rendered.body))

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """At each row; what any of them would refuse is refused first."""
        asking = Asking(self._rows, self._settings, req)
        registry = asking.registry
        for mixin in read.mixins(asking.request()):
            registry = registry.with_mixin(mixin)
        _send_one(resp, asking.all())

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        _send_one(resp, Asking(self._rows, self._settings, req).all())


def _described(answers: list[Answer], only: list[str]) -> bytes:
    found = merging.described(answers)
    every = {name for members in found.values() for name in members}
    wanted = _chosen(dict.fromkeys(every, ""), only)
    listed = {group: [one for name, one in members.items() if name in wanted] for group, members in found.items()}
    return orjson.dumps({group: members for group, members in listed.items() if members})


def _chosen(found: Mapping[str, str], only: list[str]) -> dict[str, str]:
    """All, or exactly those asked for (QI-04)."""
    for name in only:
        if name not in found:
            raise Unknown(f"Category {name} is not known here.", hint="GET /-/ lists what is known.", term=name)
    return {name: value for name, value in found.items() if not only or name in only}


class Shared:
    """Paths where several rows have something: unbound ones, those of the core's kinds, users' tags."""

    def __init__(self, rows: Mapping[str, WSGIApplication], settings: Settings) -> None:
        self._rows = rows
        self._settings = settings
        self._homes = homes()

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_: str) -> None:
        if req.method == "OPTIONS":
            resp.set_header("Allow", "DELETE, GET, HEAD, POST, PUT")
            return
        asking = Asking(self._rows, self._settings, req)
        if req.method in ("GET", "HEAD"):
            _send(resp, _listed(asking))
        elif req.method == "POST" and "action" in asking.query:
            _send(resp, asking.one(self._only_owner(asking)))
        elif req.method == "POST" and self._is_open(asking, req.path):
            _send(resp, asking.one(self._made(asking)))
        else:
            _send(resp, self._changed(asking, req))

    def _is_open(self, asking: Asking, path: str) -> bool:
        """Whether entities are made there: at the root and at the core's kinds. At tags they are added."""
        return path == "/" or path in asking.registry.locations

    def _only_owner(self, asking: Asking) -> str:
        """The one row that has members: an action on all of a collection is done with all or none (CORE-31)."""
        found = [row for row in self._rows if asking.one(row, _LOOK, content=b"").body]
        if len(found) > 1:
            raise Clash(f"The members are kept by several servers: {', '.join(found)}.", hint="act on each collection")
        return found[0] if found else next(iter(self._rows))

    def _made(self, asking: Asking) -> str:
        """The row that keeps what the request describes; any, to refuse what describes nothing."""
        drafts = read.entities(asking.registry, asking.request())
        found = {services.row_of(asking.registry.kind(draft.kind).id).name for draft in drafts if draft.kind}
        if len(found) > 1:
            raise Malformed("These entities are kept by several servers.", hint="make those of each kind by themselves")
        return next(iter(found or self._rows))

    def _changed(self, asking: Asking, req: falcon.Request) -> Answer:
        """PUT, POST and DELETE that may name members: each row is told of its own, or that there is none."""
        named = read.locations(asking.request(), some=req.method == "DELETE")
        owned = {uri: row_at(self._homes, path_of(uri)) for uri in named}
        if lost := [uri for uri, row in owned.items() if row is None]:
            raise Unknown(f"There is no entity at {lost[0]}.", term=lost[0])
        told = self._rows if req.method == "PUT" or not named else dict.fromkeys(owned.values())
        answers = []
        for row in told:
            lines = "".join(f"{uri}\n" for uri in named if owned[uri] == row).encode()
            answers.append(asking.one(str(row), _LIST, content=lines))
        return merging.decisive(answers) or merging.listings(answers)


def _listed(asking: Asking) -> Answer:
    """The page asked for, out of what all rows have: as much of each as could be in it."""
    page = window(asking.query)
    answers = asking.all(REQUEST_METHOD="GET") if page.number is None else asking.first(page.skip + page.number)
    return merging.decisive(answers) or merging.listings(answers, page.skip, page.number)


def _send_one(resp: falcon.Response, answers: list[Answer]) -> None:
    _send(resp, merging.decisive(answers) or next(each for each in answers if each.code < 400))


def _send(resp: falcon.Response, answer: Answer) -> None:
    resp.status = answer.status
    resp.data = answer.body
    for name, value in _kept(answer.headers):
        resp.set_header(name, value)


def _kept(headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What is the answer's own; the length is counted anew, the request's id was given before."""
    yield from ((name, value) for name, value in headers if name.lower() not in ("content-length", "x-request-id"))
