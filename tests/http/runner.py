"""Declarative HTTP tests: one YAML file a kind, played request by request; each file says also what must be absent.

    row: node                                  # whom to ask
    kind: http://scheme.compatibleone.fr/scheme/compatible#node        # what it is about; occi/ is about all
    tests:
      - name: a node is made and has an address        # a sentence
        as: ann                                # ann (the default), bob, admin, worker, server, nobody
        POST: /node/                           # one of the methods, with the path; `$name` is replaced
        headers: {Content-Type: text/plain}
        body: "..."                            # or json: {...}
        status: 201
        is: "..."                              # the body, byte for byte
        has: ["X-OCCI-Location: "]             # parts of the body
        lacks: ["Traceback"]                   # what must not be in it
        answers: {content-type: text/plain}    # how a header's value begins; null: it must be absent
        matches: {kind: "...#node"}            # members of the JSON, by path with slashes; null: must be absent
        keep: {node: location}                 # keep a header's path for later requests
        keep_json: {id: id}                    # keep a member of the JSON; `$origin` is kept anyway: http://host:port
        shows: [ENT-01]                        # items of the OCCI checklist that this shows (tests/conformance)

The accounts are the file's own, so that files do not see one another's entities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
import orjson
import yaml
from pydantic import BaseModel, ConfigDict, Field

from broker import auth

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
Who = Literal["ann", "bob", "admin", "worker", "server", "nobody"]

Call = Callable[..., httpx.Response]
"""(row, method, path, headers, body) -> response"""


class Case(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: str
    who: Who = Field(default="ann", alias="as")
    row: str | None = None
    method: str
    path: str
    headers: dict[str, str] = {}
    body: str = ""
    json_: Any = Field(default=None, alias="json")
    status: int
    is_: str | None = Field(default=None, alias="is")
    has: list[str] = []
    lacks: list[str] = []
    answers: dict[str, str | None] = {}
    matches: dict[str, Any] = {}
    keep: dict[str, str] = {}
    keep_json: dict[str, str] = {}
    shows: list[str] = []


@dataclass
class File:
    name: str
    row: str
    kind: str
    cases: list[Case] = field(default_factory=list)


def read(path: Path) -> File:
    found = yaml.safe_load(path.read_text())
    return File(path.stem, found["row"], found.get("kind", ""), [Case(**_case(each)) for each in found["tests"]])


def _case(said: Mapping[str, Any]) -> dict[str, Any]:
    method = next(name for name in METHODS if name in said)
    rest = {key: value for key, value in said.items() if key != method}
    return {**rest, "method": method, "path": said[method]}


def play(file: File, key: str, call: Call) -> None:
    kept: dict[str, str] = {}
    for case in file.cases:
        answer = call(
            case.row or file.row,
            case.method,
            Template(case.path).substitute(kept),
            _headers(case, file, key, kept),
            _body(case, kept),
        )
        kept["origin"] = str(answer.url.copy_with(raw_path=b"/")).rstrip("/")
        _check(case, answer, kept)
        kept |= {name: urlsplit(answer.headers[header]).path for name, header in case.keep.items()}
        kept |= {name: str(_member(answer.json(), path)) for name, path in case.keep_json.items()}


def token(who: str, file: str, key: str) -> str:
    role = auth.Role(who) if who in ("admin", "worker", "server") else auth.Role.USER
    account = auth.PLATFORM if role.internal else f"{file}-{who}"
    return auth.issue(key, auth.Principal(who, account, role))


def _headers(case: Case, file: File, key: str, kept: Mapping[str, str]) -> dict[str, str]:
    found = {name: Template(value).substitute(kept) for name, value in case.headers.items()}
    if case.json_ is not None:
        found.setdefault("Content-Type", "application/json")
    if case.who != "nobody":
        found["Authorization"] = f"Bearer {token(case.who, file.name, key)}"
    return found


def _body(case: Case, kept: Mapping[str, str]) -> bytes:
    text = case.body if case.json_ is None else orjson.dumps(case.json_).decode()
    return Template(text).substitute(kept).encode() if "$" in text else text.encode()


def _check(case: Case, answer: httpx.Response, kept: Mapping[str, str]) -> None:
    told = f"{case.name}: {answer.status_code} {dict(answer.headers)}\n{answer.text[:2000]}"

    def meant(value: Any) -> Any:
        return Template(value).substitute(kept) if isinstance(value, str) else value

    assert answer.status_code == case.status, told
    assert case.is_ is None or answer.text == meant(case.is_), told
    for part in map(meant, case.has):
        assert part in answer.text, f"{part!r} is missing. {told}"
    for part in map(meant, (*case.lacks, "Traceback")):
        assert part not in answer.text, f"{part!r} is there. {told}"
    for name, start in case.answers.items():
        value = answer.headers.get(name)
        fits = value is None if start is None else (value or "").startswith(meant(start))
        assert fits, f"{name}: {value}. {told}"
    for path, wanted in case.matches.items():
        found = _member(answer.json(), path)
        assert found == meant(wanted), f"{path} is {found!r}. {told}"


def _member(value: Any, path: str) -> Any:
    """`resources/0/title` of a JSON value, None where there is none. Slashes: attribute names have dots."""
    for part in path.split("/"):
        if isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value
