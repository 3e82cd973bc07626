"""Errors as answers: one sentence for who reads text, a JSON object for who reads JSON (HTTP-21). Never a traceback.

The JSON is RFC 9457's members and, for OCCI clients, `error` with `code` and `message`. It is sent as application/json
even when application/occi+json was asked for, so that no parser takes it for a rendering, and as
application/problem+json to who names that and where there are diagnostics of a document. In a text they follow the
sentence, one a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from broker.errors import AccordsError, Unauthenticated
from broker.web import negotiate

PROBLEM = "application/problem+json"
"""RFC 9457."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers and a body, before they are anybody's response object."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unexpected(AccordsError):
    """What is answered for a mistake of ours: nothing of it but the request's id, which is in the log beside it."""

    def __init__(self, request_id: str) -> None:
        super().__init__(
            "This server made a mistake; nothing was changed.",
            hint=f"tell its administrator the request id {request_id}",
        )


def answer(error: AccordsError, accept: str | None) -> Answer:
    """An error as an answer to a request that accepts `accept`."""
    headers = {"Cache-Control": "no-store", **_extra(error)}
    if _reads_json(accept):
        media = PROBLEM if _names_problems(accept) or "diagnostics" in error.fields else "application/json"
        return Answer(error.status, {"Content-Type": media, **headers}, _json(error))
    return Answer(error.status, {"Content-Type": "text/plain; charset=utf-8", **headers}, _text(error))


def _reads_json(accept: str | None) -> bool:
    """HTTP-22: an error is answered even when the Accept header is the error."""
    if _names_problems(accept):
        return True
    try:
        return negotiate.wanted(accept) in negotiate.JSONS
    except AccordsError:
        return False


def _names_problems(accept: str | None) -> bool:
    return PROBLEM in (accept or "").lower()


def _json(error: AccordsError) -> bytes:
    problem = {name: _line(said) if name in _LINES else said for name, said in error.problem().items()}
    body = {**problem, "error": {"code": error.status, "message": _line(error.message)}}
    return orjson.dumps(body, default=str)


def _text(error: AccordsError) -> bytes:
    said = error.message if not error.hint else f"{error.message} ({error.hint})"
    return "".join(f"{_line(line)}\n" for line in (said, *_diagnostics(error))).encode()


_LINES = frozenset({"title", "hint"})


def _line(said: object) -> str:
    """One line that can be read and sent, whatever a client said that is quoted in it."""
    line = " ".join(str(said).split())
    return line if line.isprintable() else "".join(map(_readable, line))


def _readable(mark: str) -> str:
    return mark if mark.isprintable() else mark.encode("unicode_escape").decode()


def _diagnostics(error: AccordsError) -> Iterator[str]:
    found = error.fields.get("diagnostics")
    for each in found if isinstance(found, list) else ():
        hint = f" ({each['hint']})" if each.get("hint") else ""
        yield f"{each.get('line')}:{each.get('column')}: {each.get('severity')}: {each.get('summary')}{hint}"


def _extra(error: AccordsError) -> dict[str, str]:
    found: dict[str, str] = {}
    if isinstance(error, Unauthenticated):
        found["WWW-Authenticate"] = 'Bearer realm="accords", Basic realm="accords", charset="UTF-8"'
    if "retry_after" in error.fields:
        found["Retry-After"] = str(error.fields["retry_after"])
    if "allow" in error.fields:
        found["Allow"] = str(error.fields["allow"])
    return found
