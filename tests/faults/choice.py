"""Which requests are tried with which fault. A sample is the same everywhere and always: it goes by a checksum."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from zlib import crc32

from tests.faults.site import CREDENTIALS, EXPIRED, Site
from tests.faults.trial import Place

WHOLE = os.environ.get("ACCORDS_FAULTS", "") == "whole"
"""Set by `make faults`: no sample, all of it."""
READING = ("cut", "half", "429", CREDENTIALS, EXPIRED)
"""What is tried with requests that change nothing; the rest is the same to them as one of these."""


def fitting(site: Site, places: Sequence[Place], fault: str) -> list[Place]:
    """The requests of a clean walk that are tried with a fault."""
    return [each for each in places if site.changes(each.word) or fault in READING]


def first(site: Site, places: Sequence[Place], fault: str) -> Place:
    """One that changes something, another for each fault and site."""
    return min((each for each in places if site.changes(each.word)), key=lambda each: _number(site, each, fault))


def sample(site: Site, places: Sequence[Place], fault: str, one_in: int) -> Iterator[Place]:
    """One in so many; all of them where all is asked for."""
    for each in fitting(site, places, fault):
        if WHOLE or _number(site, each, fault) % one_in == 0:
            yield each


def _number(site: Site, place: Place, fault: str) -> int:
    return crc32(f"{site.name} {place} {fault}".encode())
