"""What is said to a row and what comes back, as values; and the error that an answer was made from. Pure.

RowDown      the row does not answer, or did not within the time: its name, and when to try again
Unreadable   what answered is no row of ours, or speaks otherwise
the rest     an answer of 400 and more is the `AccordsError` it was made from: code, status, hint and fields kept
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from broker.errors import AccordsError, RowDown
from broker.occi import errors as occi_errors

JSON = "application/json"
RETRY_AFTER = 5
"""Seconds after which a row that was down is worth trying again."""


class Unreadable(AccordsError):
    """An answer that says it is good, and is not what was asked for."""

    code = "answer.unreadable"
    status = 502


class TimeUp(AccordsError):
    """What was waited for did not come within the time that was given; it may still come."""

    code = "wait.over"
    status = 504


@dataclass(frozen=True, slots=True)
class Request:
    """To a row, wherever it is. `timeout`: seconds without a sign of life, by default the client's. `stream`: the
    answer is its head, the body is read bit by bit."""

    row: str
    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    timeout: float | None = None
    stream: bool = False

    @property
    def changes_nothing(self) -> bool:
        return self.method in ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` by their names in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def is_json(self) -> bool:
        return "json" in self.headers.get("content-type", "") and bool(self.body)

    def json(self) -> Any:
        """The body's JSON; Unreadable when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise Unreadable(f"an answer of {self.status} is no JSON: {error}", hint=_STRANGER) from error


_STRANGER = "does something else listen at the row's address?"


@dataclass(frozen=True, slots=True)
class Broken:
    """No answer came from an address. Not `asked`: nobody listens there, so that nothing was done."""

    address: str
    reason: str
    asked: bool


def request(
    row: str,
    method: str,
    path: str,
    *,
    json: object = None,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> Request:
    """A request; `json` is any value that JSON has."""
    sent = dict(headers or {})
    if json is not None:
        content, sent = orjson.dumps(json), {"Content-Type": JSON, **sent}
    return Request(row, method, path, dict(params or {}), sent, content, timeout)


def accepted(request: Request, found: Answer | Broken) -> Answer:
    """The answer, if it is a good one; else raises what it says."""
    if isinstance(found, Broken):
        raise down(request.row, found)
    if found.status >= 400:
        raise error_of(found)
    return found


def again(request: Request, found: Answer | Broken) -> float | None:
    """Seconds after which the same request is worth repeating, and safe; None when it is not. A row that answers 503
    has done nothing; one that broke off may have done what it was asked."""
    if isinstance(found, Broken):
        return None if found.asked and not request.changes_nothing else float(RETRY_AFTER)
    if found.status != RowDown.status:
        return None
    said = found.headers.get("retry-after", "")
    return float(max(1, int(said))) if said.isascii() and said.isdigit() and len(said) < 6 else None


def error_of(answer: Answer) -> AccordsError:
    """The error that an answer was made from."""
    said = _object(answer)
    code = said.get("code") if isinstance(said.get("code"), str) else None
    kind = _BY_CODE.get(code or "") or _BY_STATUS.get(answer.status, AccordsError)
    message = said.get("title") or answer.text.strip() or f"the row answered {answer.status}"
    error = kind(str(message), hint=str(said.get("hint", "")), code=code)
    error.fields = {name: value for name, value in said.items() if name not in _MEMBERS}
    error.status = answer.status
    return error


def _object(answer: Answer) -> Mapping[str, Any]:
    try:
        said = orjson.loads(answer.body) if answer.is_json else {}
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def down(row: str, found: Broken) -> RowDown:
    return RowDown(
        f"the row {row} does not answer at {found.address} ({found.reason})",
        hint=f"try again in {RETRY_AFTER} seconds; if it stays down, start it: accords serve {row}",
        row=row,
        retry_after=RETRY_AFTER,
    )


def _family(root: type[AccordsError]) -> Iterator[type[AccordsError]]:
    yield root
    for child in root.__subclasses__():
        yield from _family(child)


_MEMBERS = frozenset({"type", "title", "status", "detail", "code", "hint", "error"})
_ERRORS = [each for each in _family(AccordsError) if each.__module__ in (AccordsError.__module__, occi_errors.__name__)]
# Of two with the same code or status the general one comes first in the tree, and is the one to give back.
_BY_CODE = {each.code: each for each in reversed(_ERRORS)}
_BY_STATUS = {each.status: each for each in reversed(_ERRORS) if not issubclass(each, occi_errors.OcciError)}
