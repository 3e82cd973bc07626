"""An OCCI 1.1 server of somebody else's, as WSGI: the dialect is data (`dialects.yaml`), the cloud behind it `world`.

It speaks text/plain and text/occi as its dialect lists them, and knows one token.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml

from tests.stands.occi.world import INFRASTRUCTURE, Thing, World, Wrong

DIALECTS: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("dialects.yaml").read_text(encoding="utf-8")
)
TOKEN = "a-token"
HOST = "http://127.0.0.1:11443"
RESOURCES = ("compute", "network", "storage")
LINKS = {"networkinterface": "network", "storagelink": "storage"}

Lines = list[tuple[str, str]]


def options(dialect: str) -> dict[str, object]:
    """How it is reached, with what its answers cannot tell: how large its sizes are, and which image is `linux`."""
    known = DIALECTS[dialect]
    sizes = {
        name: {"cores": cores, "memory": mib * 1024**2} for name, (cores, mib, _) in known["sizes"]["terms"].items()
    }
    (image,) = known["images"]["terms"]
    return {"url": f"{HOST}{known['base']}", "token": TOKEN, "sizes": sizes, "images": {"linux": image}}


class Stand:
    """`asked` are the requests that came, as `METHOD path`."""

    def __init__(self, dialect: str, *, building: float = 0.0) -> None:
        self.name = dialect
        self.dialect = DIALECTS[dialect]
        self.world = World(self.dialect, building)
        self.asked: list[str] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.asked.append(f"{method} {path}")
        accept = environ.get("HTTP_ACCEPT", "*/*").split(",")[0]
        media = accept if accept in self.dialect["media"] else self.dialect["media"][0]
        try:
            _must_know(environ.get("HTTP_X_AUTH_TOKEN"))
            status, lines = self._answer(method, path, environ)
        except Wrong as error:
            said = [("Content-Type", "text/plain"), ("Server", self.dialect["server"])]
            start(f"{error.status} {HTTPStatus(error.status).phrase}", said)
            return [str(error).encode()]
        return _sent(start, status, lines, media, self.dialect["server"])

    def _answer(self, method: str, path: str, environ: dict[str, Any]) -> tuple[int, Lines]:
        path = path.removeprefix(self.dialect["base"])
        if path.rstrip("/") == "/-":
            return 200, self._model()
        term, id = self._place(path)
        if method == "GET":
            return 200, self._shown(term, id) if id else [self._location(each) for each in self.world.every(term)]
        if method == "DELETE" and id:
            self.world.remove(term, id)
            return self.dialect["removed"], []
        if method == "POST" and id:
            self.world.act(term, id, _query(environ).get("action", ""))
            return 200, []
        if method == "POST":
            return self.dialect["made"], [self._location(self._make(term, _read(environ)))]
        raise Wrong(self.dialect["updates"], f"{method} is not implemented")

    def _place(self, path: str) -> tuple[str, str]:
        places = {
            **{f"/{term}/": term for term in RESOURCES},
            **{at: term for term, at in self.dialect["links"].items()},
        }
        for place, term in places.items():
            if path == place.rstrip("/") or path.startswith(place):
                return term, path[len(place) :]
        raise Wrong(404, f"there is nothing at {path}")

    def _make(self, term: str, lines: Lines) -> Thing:
        categories = [_category(value) for name, value in lines if name == "category"]
        kinds = [each for each in categories if each[2] == "kind"]
        if [each[:2] for each in kinds] != [(term, INFRASTRUCTURE)]:
            raise Wrong(400, f"a {term} is asked for as {kinds}")
        mixins = [scheme + word for word, scheme, what in categories if what == "mixin"]
        attributes = dict(_attribute(value) for name, value in lines if name == "x-occi-attribute")
        if term in LINKS:
            ends = {end: self._id_of(str(attributes[f"occi.core.{end}"])) for end in ("source", "target")}
            return self.world.link(term, ends["source"], ends["target"])
        return self.world.make(
            term, mixins, attributes, [self._asked(value) for name, value in lines if name == "link"]
        )

    def _asked(self, value: str) -> dict[str, str]:
        """An inline link: what is named is in the brackets, or in occi.core.target, as ooi's documents have it."""
        target, rest = re.fullmatch(r"<([^>]*)>;(.*)", value, re.DOTALL).groups()  # type: ignore[union-attr]  # or it breaks
        said = dict(_pairs(rest))
        kind = said["rel"].rpartition("#")[2]
        term = next(link for link, end in LINKS.items() if end == kind)
        return {"term": term, "target": self._id_of(said.get("occi.core.target", target))}

    def _id_of(self, location: str) -> str:
        return location.rpartition("/")[2]

    def _url(self, thing: Thing) -> str:
        place = self.dialect["links"].get(thing.term, f"/{thing.term}/")
        return f"{HOST}{self.dialect['base']}{place}{thing.id}"

    def _location(self, thing: Thing) -> tuple[str, str]:
        return ("X-OCCI-Location", self._url(thing))

    def _shown(self, term: str, id: str) -> Lines:
        thing = self.world.get(term, id)
        lines: Lines = [("Category", f'{term}; scheme="{INFRASTRUCTURE}"; class="kind"')]
        for mixin in thing.mixins:
            scheme, _, word = mixin.rpartition("#")
            lines.append(("Category", f'{word}; scheme="{scheme}#"; class="mixin"'))
        state = self.dialect["states"].get(term, {}).get(thing.state)
        shown = {**thing.attributes, "occi.core.id": id, **({f"occi.{term}.state": state} if state else {})}
        if thing.ends:
            shown |= {"occi.core.source": thing.ends["source"], "occi.core.target": thing.ends["target"]}
        lines += [("X-OCCI-Attribute", f"{name}={_value(value)}") for name, value in shown.items()]
        return lines + [self._link(each) for each in self.world.links_of(id)]

    def _link(self, link: Thing) -> tuple[str, str]:
        end, where = LINKS[link.term], self._url(link)
        target = f"{HOST}{self.dialect['base']}/{end}/{link.ends['target']}"
        said = {**link.attributes, "occi.core.id": link.id, "occi.core.target": target}
        more = "".join(f"; {name}={_value(value)}" for name, value in said.items())
        return ("Link", f'<{where}>; rel="{INFRASTRUCTURE}{end}"; self="{where}"{more}')

    def _model(self) -> Lines:
        kinds = [(term, f"/{term}/") for term in RESOURCES] + list(self.dialect["links"].items())
        lines = [self._kind(term, INFRASTRUCTURE, "kind", place) for term, place in kinds]
        for family, parent in (("images", "os_tpl"), ("sizes", "resource_tpl")):
            lines.append(self._kind(parent, INFRASTRUCTURE, "mixin", f"/mixin/{parent}/"))
            for term, said in self.dialect[family]["terms"].items():
                title = said if isinstance(said, str) else said[2]
                more = f'; title="{title}"; rel="{INFRASTRUCTURE}{parent}"'
                lines.append(self._kind(term, self.dialect[family]["scheme"], "mixin", f"/{parent}/{term}/", more))
        return lines

    def _kind(self, term: str, scheme: str, what: str, place: str, more: str = "") -> tuple[str, str]:
        location = f"{HOST}{self.dialect['base']}{place}"
        return ("Category", f'{term}; scheme="{scheme}"; class="{what}"{more}; location="{location}"')


def _must_know(token: str | None) -> None:
    if token != TOKEN:
        raise Wrong(401, "not authorized")


def _value(value: object) -> str:
    """Texts are quoted as they are: neither server escapes what is in them."""
    return f'"{value}"' if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


def _sent(start: Callable[..., Any], status: int, lines: Lines, media: str, server: str) -> Iterable[bytes]:
    headers = [("Content-Type", media), ("Server", server)]
    joined: dict[str, list[str]] = {}
    for name, value in lines:
        joined.setdefault(name, []).append(value)
    if media == "text/occi":
        headers += [(name, ", ".join(values)) for name, values in joined.items()]
    start(f"{status} {HTTPStatus(status).phrase}", headers)
    if status == 204:
        return []
    return ["".join(f"{name}: {value}\n" for name, value in lines).encode()] if media == "text/plain" else [b"OK"]


def _read(environ: dict[str, Any]) -> Lines:
    """The lines of a request, of its body or its headers."""
    media = environ.get("CONTENT_TYPE", "").partition(";")[0]
    if media == "text/occi":
        names = ("category", "link", "x-occi-attribute")
        found = {name: environ.get(f"HTTP_{name.upper().replace('-', '_')}") for name in names}
        return [(name, each) for name, text in found.items() if text for each in _split(text)]
    if media != "text/plain":
        raise Wrong(406 if media else 400, f"{media} is not understood")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
    pairs = (line.partition(":") for line in body.splitlines() if line.strip())
    return [(name.strip().lower(), value.strip()) for name, _, value in pairs]


def _split(text: str) -> list[str]:
    """At commas that are in no quotes."""
    return [each.strip() for each in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', text)]


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = ";", True, ""
    for each in lexer:
        name, _, value = each.strip().partition("=")
        yield name.strip(), value.strip().strip('"')


def _category(text: str) -> tuple[str, str, str]:
    term, *rest = text.split(";")
    said = dict(_pairs(";".join(rest)))
    return term.strip(), said["scheme"], said["class"]


def _attribute(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    value = value.strip()
    if value.startswith('"'):
        return name.strip(), value[1:-1]
    return name.strip(), float(value) if "." in value else int(value)


def _query(environ: dict[str, Any]) -> dict[str, str]:
    pairs = (each.partition("=") for each in environ.get("QUERY_STRING", "").split("&") if each)
    return {name: value for name, _, value in pairs}
