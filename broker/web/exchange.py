"""Between Falcon's request and response and the OCCI core's values. The only module, with `gate`, that knows both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qsl

import falcon

from broker.errors import Forbidden, Invalid, Stale
from broker.occi import read
from broker.occi.media import Media
from broker.occi.model import Kind
from broker.occi.registry import Registry
from broker.occi.render import Rendered
from broker.services import Context, Reply
from broker.store import Record
from broker.web import body, negotiate
from broker.web.site import Site

_OCCI_HEADERS = ("category", "link", "x-occi-attribute", "x-occi-location")
_ENVIRON = {name: "HTTP_" + name.upper().replace("-", "_") for name in _OCCI_HEADERS}
DIGITS = 10
"""Of a number in a query: a page behind all that a database holds is the last that can be asked for."""
_CHARSET = {Media.PLAIN: "text/plain; charset=utf-8"}


class Exchange:
    """One request to one row, and its answer to come."""

    def __init__(self, site: Site, req: falcon.Request, resp: falcon.Response) -> None:
        if site.row.before is not None:
            site.row.before(site.store, site.settings)
        self.site = site
        self.account: str = req.context.account
        self.registry: Registry = site.registry(self.account, newest=_may_name_mixins(site, req))
        self._req = req
        self._resp = resp
        self._body: bytes | None = None

    @property
    def media(self) -> Media:
        """What to answer in."""
        return negotiate.wanted(self._req.env.get("HTTP_ACCEPT"))

    @property
    def limit(self) -> int:
        """The largest header of the answer, bytes."""
        return self.site.settings.header_limit

    @property
    def base(self) -> str:
        """Scheme and host as the client sees them: as configured, as a trusted proxy says, else as it called us."""
        if self.site.settings.public_url is not None:
            return self.site.references.own
        return str(self._req.forwarded_prefix if self.site.settings.trust_forwarded else self._req.prefix)

    @property
    def host(self) -> str:
        return str(self._req.forwarded_host if self.site.settings.trust_forwarded else self._req.netloc)

    @property
    def path(self) -> str:
        return str(self._req.path)

    @property
    def content_type(self) -> str | None:
        return self._req.content_type

    @property
    def query(self) -> Mapping[str, str]:
        """The query's parameters."""
        return parameters(self._req.query_string)

    @property
    def action(self) -> str | None:
        """The term of `?action=`."""
        return self.query.get("action") if "action" in self._req.query_string else None

    def context(self) -> Context:
        accept = self._req.env.get("HTTP_ACCEPT", "")
        return self.site.context(self._req.context.principal, self.account, accept, self.query, self.read_body)

    def headers(self) -> dict[str, str]:
        """The four headers that OCCI renderings are in."""
        return said_in(self._req.env)

    def read(self) -> read.Request:
        """The request, its body within the limits. Unacceptable when there is no way to answer it: it is not done."""
        negotiate.wanted(self._req.env.get("HTTP_ACCEPT"))
        found = self.read_body()
        media = negotiate.sent(self._req.content_type, has_body=bool(found))
        return read.Request(media, self.headers(), found, older=self.site.settings.occi_1_1)

    def read_body(self) -> bytes:
        """The body; a request's is read once, whoever looks at it first."""
        if self._body is None:
            self._body = body.read(self._req, self.site.settings.body_limit)
        return self._body

    def answer(
        self,
        rendered: Rendered,
        *,
        status: int = 200,
        etag: str | None = None,
        varies: str = "Accept",
        path: str | None = None,
        stream: Iterator[bytes] | None = None,
    ) -> None:
        """Send a rendering; `path` is that of the one entity it is about (JSN-09). A `stream` stands for its body, and
        is read while it is sent."""
        resp = self._resp
        resp.status = status
        if stream is None:
            resp.data = rendered.body
        else:
            resp.stream = stream
        resp.content_type = _CHARSET.get(rendered.media, rendered.media.value)
        for name, value in rendered.headers:
            resp.set_header(name, value)
        resp.set_header("Accept", negotiate.takes(self._req.env.get("HTTP_USER_AGENT")))
        if etag is not None:
            resp.set_header("ETag", etag)
            resp.set_header("Vary", varies)
        if path is not None:
            resp.set_header("Content-Location", self.base + path)

    def reply(self, reply: Reply) -> None:
        """Send a hook's own answer; one with an ETag, unless the client has it already."""
        if "ETag" in reply.headers and self.not_modified(reply.headers["ETag"]):
            return
        self._resp.status = reply.status
        self._resp.data = reply.body
        self._resp.content_type = reply.content_type
        for name, value in reply.headers.items():
            self._resp.set_header(name, value)

    def not_modified(self, etag: str) -> bool:
        """Whether the client has this already; then it is told so."""
        asked = self._req.env.get("HTTP_IF_NONE_MATCH")
        if asked is None or (asked.strip() != "*" and etag not in _compared(asked)):
            return False
        self._resp.status = 304
        self._resp.set_header("ETag", etag)
        return True

    def must_be_open(self, kind: str) -> None:
        """Some kinds are written by this installation's servers and workers, and only read by accounts."""
        if kind in self.site.row.guarded and not self._req.context.principal.role.internal:
            term = kind.rpartition("#")[2]
            raise Forbidden(f"A {term} is written by the broker itself; clients read it.", term=kind)

    def must_be_own(self, record: Record) -> None:
        """What belongs to the platform is read by all accounts and written by none of them."""
        self.must_be_open(record.kind)
        if record.account != self.account:
            raise Forbidden(
                f"{self.registry.path(record.kind, record.id)} belongs to the platform and is not yours to change."
            )

    def must_be_absent(self) -> None:
        """Refuse with 412 to make what the client expects to be there already."""
        if "HTTP_IF_MATCH" in self._req.env:
            raise Stale(f"There is nothing at {self.path} that If-Match could be about.")

    @property
    def is_conditional(self) -> bool:
        """Whether the request says which generation it is about."""
        return "HTTP_IF_MATCH" in self._req.env or "HTTP_IF_NONE_MATCH" in self._req.env

    def must_match(self, record: Record, links: Sequence[Record] = ()) -> None:
        """Refuse with 412 a change of another generation than the one that is meant: If-Match names none that is
        present, or If-None-Match one that is. What a generation is rendered in does not matter here."""
        present = version(record, links)
        for name, refused in (("If-Match", False), ("If-None-Match", True)):
            asked = self._req.env.get(f"HTTP_{name.upper().replace('-', '_')}")
            if asked is not None and _names(asked, present, strong=not refused) is refused:
                raise Stale(
                    f"{record.id} is at generation {record.generation}, which {name} rules out.",
                    hint="read it again, and repeat the change on what you then see",
                    generation=record.generation,
                )


def parameters(query: str) -> dict[str, str]:
    """A query's parameters; `;` separates as well as `&` (PAG-01)."""
    return dict(parse_qsl(query.replace(";", "&"), keep_blank_values=True))


def said_in(environ: Mapping[str, str]) -> dict[str, str]:
    """The four headers that OCCI renderings are in."""
    return {name: environ[key] for name, key in _ENVIRON.items() if key in environ}


def _may_name_mixins(site: Site, req: falcon.Request) -> bool:
    """Whether a request may be about a user's mixin, which another process may have made just now. A read of a kind's
    entities is not, unless it filters: what they are members of is stored with them."""
    if req.method not in ("GET", "HEAD") or "HTTP_CATEGORY" in req.env:
        return True
    location = (req.uri_template or "").partition("{")[0]
    return not isinstance(site.registries.base.locations.get(location), Kind)


def version(record: Record, links: Sequence[Record] = ()) -> str:
    """What changes whenever the entity's rendering may: its generation, and those of the links shown in it."""
    own = str(record.generation)
    return own if not links else f"{own}.{len(links)}.{sum(link.generation for link in links)}"


def etag(record: Record, links: Sequence[Record], media: Media) -> str:
    """Strong, so different for each rendering."""
    return f'"{version(record, links)}-{media.name.lower()}"'


def whole_number(query: Mapping[str, str], name: str) -> int | None:
    """A positive whole number of the query, None if absent (PAG-03)."""
    found = query.get(name)
    if found is None:
        return None
    if not (found.isascii() and found.isdigit() and len(found) <= DIGITS and int(found)):
        raise Invalid(f"{name}={found[:20]} is not a positive whole number of at most {DIGITS} digits.")
    return int(found)


def _names(header: str, present: str, *, strong: bool) -> bool:
    """Whether a header names this version of an entity, in any rendering, or any version at all. A weak tag (`W/`)
    only says that two look alike: a `strong` comparison, which is If-Match's, finds none equal (RFC 9110, 8.8.3.2)."""
    tags = {tag for tag in _tags(header) if not tag.startswith("W/")} if strong else _compared(header)
    return header.strip() == "*" or present in {tag.strip('"').partition("-")[0] for tag in tags}


def _compared(header: str) -> set[str]:
    """The tags of If-None-Match, which compares weakly."""
    return {tag.removeprefix("W/") for tag in _tags(header)}


def _tags(header: str) -> set[str]:
    return {tag.strip() for tag in header.split(",")}
