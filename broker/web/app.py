"""A row as a WSGI application: its routes, its errors; and the application that picks the row by the listener.

The whole API is the table in `_routes`. Whatever is raised leaves through one of the three handlers here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import falcon

from broker import addresses, auth
from broker.errors import AccordsError
from broker.hooks.rows import OPEN, wired
from broker.occi.model import Kind, Mixin
from broker.services import ROWS, Row
from broker.settings import Settings
from broker.web import openapi, problems
from broker.web.bulk import Bulk
from broker.web.collection import Elsewhere, KindCollection, MixinCollection
from broker.web.entity import Below, Beside, EntityResource
from broker.web.gate import Gate
from broker.web.origin import Categories, Origin, Shared
from broker.web.query import QueryInterface
from broker.web.site import Site

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)


def application(site: Site) -> falcon.App[falcon.Request, falcon.Response]:
    """The row's application."""
    verify = auth.Verifier(site.key, now=site.now)
    pages = bool(site.settings.browser_origins)
    gate = Gate(verify, site.row.name, browsers=pages, open=(openapi.PATH, *OPEN.get(site.row.name, ())))
    return _built(site.settings, gate, _routes(site), Elsewhere(site))


def common(rows: Mapping[str, WSGIApplication], settings: Settings, key: str) -> Origin:
    """The application in front of those of all rows, at their one address."""
    verify = auth.Verifier(key, now=lambda: time.time_ns() // 1000)
    gate = Gate(verify, "origin", browsers=bool(settings.browser_origins), open=(openapi.PATH,))
    query = Categories(rows, settings)
    described = openapi.Description(lambda: openapi.of_rows(ROWS, settings))
    routes = [*((path, query) for path in openapi.QUERY_INTERFACES), (openapi.PATH, described)]
    return Origin(rows, _built(settings, gate, routes, Shared(rows, settings)))


def _built(
    settings: Settings, gate: Gate, routes: Iterable[tuple[str, Any]], rest: Callable[..., None]
) -> falcon.App[falcon.Request, falcon.Response]:
    app = falcon.App(middleware=_middleware(settings.browser_origins, gate))
    app.req_options.keep_blank_qs_values = True
    for path, resource in routes:
        app.add_route(path, resource)
    app.add_sink(rest, prefix="/")
    app.add_error_handler(Exception, _unexpected)
    app.add_error_handler(falcon.HTTPError, _refused)
    app.add_error_handler(AccordsError, _known)
    return app


EXPOSED = "Category, Link, X-OCCI-Attribute, X-OCCI-Location, Location, Server, ETag, X-Request-Id"
"""Headers that pages of other origins may read: renderings are in them (HTTP-12)."""


def _middleware(origins: Collection[str], gate: Gate) -> list[Any]:
    """What sees every request, outermost first."""
    if not origins:
        return [gate]
    return [falcon.CORSMiddleware("*" if "*" in origins else origins, expose_headers=EXPOSED), gate]


def _routes(site: Site) -> Iterator[tuple[str, Any]]:
    for path in openapi.QUERY_INTERFACES:
        yield path, QueryInterface(site)
    yield openapi.PATH, openapi.Description(lambda: openapi.of_row(site.row.name, site.settings))
    yield "/.bulk", Bulk(site)
    for path, methods in site.row.routes.items():
        yield path, Beside(site, methods)
    for location, category in site.registries.base.locations.items():
        if isinstance(category, Mixin):
            yield location, MixinCollection(site, category)
        elif isinstance(category, Kind):
            yield location, KindCollection(site, category)
            yield location + "{id}", EntityResource(site, category)
            yield location + "{id}/{name}", Below(site, category)


_NAMES = {"etag": "ETag", "www-authenticate": "WWW-Authenticate"}
"""Header names as the specifications write them: Falcon sends lower case, and old OCCI clients compare the bytes."""


class ByPort:
    """One WSGI application for several rows: the port a request came in by says which."""

    def __init__(self, apps: Mapping[int, WSGIApplication]) -> None:
        self._apps = {str(port): app for port, app in apps.items()}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [(_written(name), value) for name, value in headers], exc_info)

        return self._apps[environ["SERVER_PORT"]](environ, start)


def _written(name: str) -> str:
    found = _NAMES.get(name)
    if found is None:
        found = _NAMES[name] = name.title().replace("Occi", "OCCI")
    return found


class Rows:
    """The rows that this process serves: a site and an application each; they call one another without a socket."""

    def __init__(self, rows: Iterable[Row], settings: Settings, key: str) -> None:
        self.apps: dict[str, WSGIApplication] = {}
        self.sites = {row.name: Site(wired(row), settings, key, local=self.apps) for row in rows}
        self.apps.update({name: application(site) for name, site in self.sites.items()})
        ports = {addresses.port(settings, name): app for name, app in self.apps.items()}
        if settings.origin_port is not None and len(self.apps) == len(ROWS):
            ports[settings.origin_port] = common(self.apps, settings, key)
        self.by_port = ByPort(ports)

    def close(self) -> None:
        for site in self.sites.values():
            site.close()


def _known(req: falcon.Request, resp: falcon.Response, error: AccordsError, _: dict[str, Any]) -> None:
    _send(req, resp, error)


def _refused(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, _: dict[str, Any]) -> None:
    """What Falcon itself refuses: a method, a header it cannot read."""
    headers = dict(error.headers or {})
    found = AccordsError(
        f"{req.method} {req.path}: {error.description or error.title or error.status}",
        code="request.refused",
        **({"allow": headers["Allow"]} if "Allow" in headers else {}),
    )
    found.status = error.status_code
    _send(req, resp, found)


def _unexpected(req: falcon.Request, resp: falcon.Response, error: Exception, _: dict[str, Any]) -> None:
    """A mistake of ours: the log has all of it, the answer nothing."""
    log.error("request.failed", extra={"method": req.method, "path": req.path}, exc_info=error)
    _send(req, resp, problems.Unexpected(req.context.request_id))


def _send(req: falcon.Request, resp: falcon.Response, error: AccordsError) -> None:
    answer = problems.answer(error, req.env.get("HTTP_ACCEPT"))
    resp.status = answer.status
    resp.text = None
    resp.data = answer.body
    for name, value in answer.headers.items():
        resp.set_header(name, value)
