"""Answers of several rows to one request, made into one. Pure.

What rows send is put together as it is, in the order of the rows: lines of text, values of a header, members of JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import orjson

from broker.occi.media import Media, named
from broker.web.negotiate import JSONS

_CATEGORY = re.compile(r'Category: ([^;]+); scheme="([^"]*)"; class="([^"]*)"')
_CLASSES = ("kind", "mixin", "action")
_LOCATION = "X-OCCI-Location"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """One row's answer; `status` with its reason, headers as WSGI has them."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def code(self) -> int:
        return int(self.status[:3])

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def media(self) -> Media | None:
        return named(self.header("Content-Type"))


def decisive(answers: Sequence[Answer]) -> Answer | None:
    """The answer that stands for all: a refusal, or that nobody knows what was asked for. None: they are merged."""
    refused = [each for each in answers if each.code >= 400 and each.code != 404]
    if refused or all(each.code == 404 for each in answers):
        return (refused or answers)[0]
    return None


def listings(answers: Iterable[Answer], skip: int = 0, number: int | None = None) -> Answer:
    """Collections as one: `number` of their members after `skip`. Rows that know no such collection are left out."""
    known = [each for each in answers if each.code == 200]
    end = None if number is None else skip + number
    first = known[0]
    if first.media in JSONS:
        return Answer(first.status, _typed(first), _members(known, slice(skip, end)))
    if first.media is Media.OCCI:
        found = [value for each in known for value in _locations(each)][skip:end]
        headers = (*_typed(first), (_LOCATION, ", ".join(found))) if found else _typed(first)
        return Answer(first.status, headers, first.body)
    lines = [line for each in known for line in each.body.splitlines(keepends=True)]
    return Answer(first.status, _typed(first), b"".join(_once(lines)[skip:end]))


def size(answer: Answer) -> int:
    """How many members a listing has; 0 for what is none."""
    if answer.code != 200:
        return 0
    if answer.media in JSONS:
        return sum(map(len, orjson.loads(answer.body).values()))
    return len(_locations(answer)) if answer.media is Media.OCCI else len(answer.body.splitlines())


def categories(answers: Iterable[Answer]) -> dict[str, str]:
    """Query interfaces in text/plain: each `Category` value by its type identifier; kinds, mixins, then actions."""
    lines = (line for each in answers for line in each.body.decode().splitlines())
    found = {match[2] + match[1]: match for line in lines if (match := _CATEGORY.match(line)) is not None}
    ordered = sorted(found, key=lambda name: _CLASSES.index(found[name][3]))
    return {name: found[name].string.removeprefix("Category: ") for name in ordered}


def described(answers: Iterable[Answer]) -> dict[str, dict[str, object]]:
    """The same in JSON: `kinds`, `mixins` and `actions`, by type identifier each."""
    found: dict[str, dict[str, object]] = {f"{name}s": {} for name in _CLASSES}
    for each in answers:
        for group, members in orjson.loads(each.body).items():
            found[group].update({one["scheme"] + one["term"]: one for one in members})
    return found


def _locations(answer: Answer) -> list[str]:
    return [value for value in answer.header(_LOCATION).split(", ") if value]


def _typed(answer: Answer) -> tuple[tuple[str, str], ...]:
    wanted = ("content-type", "accept")
    return tuple((name, value) for name, value in answer.headers if name.lower() in wanted)


def _members(answers: Sequence[Answer], window: slice) -> bytes:
    said = [orjson.loads(each.body) for each in answers]
    cut = list(_pairs(said))[window]
    found: dict[str, list[object]] = {}
    for group, member in cut:
        found.setdefault(group, []).append(member)
    return orjson.dumps(found or {group: [] for group in said[0]})


def _pairs(said: Iterable[Mapping[str, Sequence[object]]]) -> Iterator[tuple[str, object]]:
    for each in said:
        for group, members in each.items():
            yield from ((group, member) for member in members)


def _once(found: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(found))
