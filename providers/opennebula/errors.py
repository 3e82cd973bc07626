"""What OpenNebula's refusals are called here: a table of its codes, and one of the words that make exceptions.

Codes and their meaning: API reference 7.x, "XML-RPC Error Codes". A quota is worded as a missing right there, and much
that is not there as an internal error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from providers.errors import Ambiguous, Conflict, NotFound, ProviderError, Quota, Refused, Throttled, Unavailable
from providers.transport import retry_after

AUTHENTICATION = 0x0100
AUTHORIZATION = 0x0200
NO_EXISTS = 0x0400
ACTION = 0x0800
API = 0x1000
INTERNAL = 0x2000
ALLOCATE = 0x4000
LOCKED = 0x8000

CODES: Mapping[int, type[ProviderError]] = {
    AUTHORIZATION: Refused,
    NO_EXISTS: NotFound,
    ACTION: Conflict,
    API: Refused,
    INTERNAL: Ambiguous,
    ALLOCATE: Refused,
    LOCKED: Conflict,
}

WORDS: tuple[tuple[int, re.Pattern[str], type[ProviderError]], ...] = (
    # a quota: User [2] : user [2] limit of 1 reached for VMS quota in VM.
    (AUTHORIZATION, re.compile(r"limit of .* reached|quota", re.IGNORECASE), Quota),
    (ACTION, re.compile(r"Not enough (free addresses|space)", re.IGNORECASE), Quota),
    (ACTION, re.compile(r"does not exist", re.IGNORECASE), NotFound),
    (INTERNAL, re.compile(r"NAME is already taken", re.IGNORECASE), Conflict),
    (INTERNAL, re.compile(r"Cannot get IP/MAC lease|in use by another|persistent and in use", re.IGNORECASE), Conflict),
    (INTERNAL, re.compile(r"does not own an? \w+ with|does not exist", re.IGNORECASE), NotFound),
    (INTERNAL, re.compile(r"parse|syntax|Wrong |cannot be allocated|in state ERROR", re.IGNORECASE), Refused),
    (ALLOCATE, re.compile(r"NAME is already taken", re.IGNORECASE), Conflict),
    (ALLOCATE, re.compile(r"Not enough space", re.IGNORECASE), Quota),
)
"""A code, what is said with it, and what that means instead."""

FAULTS = {-506: "it has no such method: is it OpenNebula 6 or later?", -501: "it takes other parameters"}
"""Faults of XML-RPC itself: the other side is another than was thought."""


class Unauthenticated(Exception):
    """The credential was refused, or could not be looked up: OpenNebula says both in one sentence."""


def refusal(code: int, message: str) -> Exception:
    """The error of ours for one of OpenNebula's."""
    if code == AUTHENTICATION:
        return Unauthenticated(message)
    for which, words, meant in WORDS:
        if which == code and words.search(message):
            return meant(message)
    return CODES.get(code, Ambiguous)(message)


def fault(code: int, message: str) -> ProviderError:
    kind = Refused if code in FAULTS else Ambiguous
    return kind(f"OpenNebula cannot take this call: {message} ({FAULTS.get(code, 'its own error')})")


def answered(status: int, headers: Mapping[str, str], *, changes: bool) -> ProviderError:
    """An HTTP status that is no answer of OpenNebula but of what stands before it."""
    said = f"the API's address answered {status}"
    if status == 429:
        return Throttled(said, delay=retry_after(headers))
    if status < 500:
        return Refused(f"{said}; is it the address of OpenNebula's XML-RPC, with its /RPC2?")
    return Ambiguous(said) if changes else Unavailable(said)
