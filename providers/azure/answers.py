"""Whether an answer is Resource Manager's own. A gateway's page on the way there must not look like an empty group, or
like a thing that is gone: the libraries ask of a body only what they use of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from providers.errors import Ambiguous, ProviderError, Throttled, Unavailable
from providers.transport import retry_after

MANAGED = "/subscriptions/"
"""In the path of whatever Resource Manager answers."""
SHOWN: Mapping[str, tuple[str, ...]] = {"GET": ("value", "id"), "PUT": ("id",), "PATCH": ("id",)}
"""What one of is in each answer to a method, where it has a body."""
LISTED = "/publishers/"
"""In the path of what is a list without a name: platform images."""
ACCEPTED = 202


def believe(answer: httpx.Response, path: str) -> None:
    """Raise an error of ours for what is no answer of Resource Manager's: what it shows has an id or is a list, and
    that something is not there it says with a code. Of who gives tokens: where it is busy its library would call the
    credential wrong."""
    method, status = answer.request.method, answer.status_code
    if MANAGED not in path and status == 429:
        raise Throttled(f"{method} {path}: 429, and no token", delay=retry_after(answer.headers))
    if MANAGED not in path and status >= 500:
        raise Unavailable(f"{method} {path}: {status}, and no token")
    if MANAGED not in path or not (status < 300 or status == 404):
        return
    body = _read(answer.content, listed=LISTED in path)
    if status == 404 and not (isinstance(body.get("error"), dict) and body["error"].get("code")):
        raise _none(method, path, status)
    may_be_empty = status == ACCEPTED and not answer.content
    if status < 300 and method in SHOWN and not may_be_empty and not any(each in body for each in SHOWN[method]):
        raise _none(method, path, status)


def _read(content: bytes, *, listed: bool) -> Mapping[str, Any]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    if listed and isinstance(found, list):
        return {"value": found}
    return found if isinstance(found, dict) else {}


def _none(method: str, path: str, status: int) -> ProviderError:
    kind = Unavailable if method == "GET" else Ambiguous
    return kind(f"{method} {path}: {status}, and the answer is none of Resource Manager's; is a proxy on the way?")
