"""What an attribute's text may be, and the value it becomes: one row a type, read by the reader and by the schemas.

A text is checked against the row's pattern and then converted; a conversion that fails besides says what no pattern
can. Both raise ValueError with what is wrong.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache, partial
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from manifests.grammar import patterns, units
from manifests.grammar.patterns import ANYTHING, loose
from manifests.model import Property

_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_CONDITIONS = {
    "eq": "eq", "equal": "eq", "gr": "gr", "greater": "gr", "ls": "ls", "less": "ls",
    "ne": "ne", "notequal": "ne", "le": "le", "notgreater": "le", "ge": "ge", "notless": "ge",
}  # fmt: skip
_LONGEST_TEXT = 1024
_LONGEST_EXPRESSION = 65_536
_FAR = 10**15
"""What JSON's numbers hold exactly in every reader."""


class Kind(StrEnum):
    """The type of an attribute. READ: checked by nobody and kept nowhere (what a decorated document carries)."""

    TEXT = "text"
    NAME = "name"
    LABEL = "label"
    PACKAGE = "package name"
    HOST = "host name"
    CORES = "cores"
    SIZE = "size"
    SPEED = "speed"
    SECONDS = "seconds"
    SAMPLES = "samples"
    INTEGER = "integer"
    FLAG = "yes or no"
    PORT = "port"
    PROTOCOL = "protocol"
    DIRECTION = "direction"
    RANGE = "range"
    PATH = "path"
    SCRIPT = "script"
    LANGUAGE = "language"
    EXPRESSION = "expression"
    CONDITION = "condition"
    NATURE = "nature"
    NUMBER = "number"
    INPUT = "type of an input"
    WORDS = "words"
    PROPERTY = "property"
    ADDRESS = "address"
    AETITLE = "AE title"
    CERTIFICATE = "certificate"
    READ = "read"


class Numbers(NamedTuple):
    """The numbers of YAML and JSON whose text is one of a form."""

    least: float
    most: float
    whole: bool = True


_COUNTED = Numbers(0, _FAR)
_ANY_NUMBER = Numbers(-_FAR, _FAR, whole=False)


@dataclass(frozen=True, slots=True)
class Form:
    """`meaning` ends the sentence "it is no ..." and stands in schemas. `pattern` is one of
    `manifests.grammar.patterns`, for the whole text; `most` the number of characters, 0 any. `words` are those to
    offer. `parsed`: the text is read by a parser of its own, which says more than that a pattern does not fit."""

    meaning: str
    convert: Callable[[str], object] = str
    pattern: str = ANYTHING
    most: int = 0
    words: tuple[str, ...] = ()
    numbers: Numbers | None = None
    parsed: bool = False


def _words(meaning: str, known: Mapping[str, object], numbers: Numbers | None = None) -> Form:
    def convert(text: str) -> object:
        return known[text.strip().lower()]

    offered = tuple(word for word in known if word)
    return Form(
        f"{meaning}: one of {', '.join(offered)}", convert, loose(patterns.words(known)), words=offered, numbers=numbers
    )


def _same(meaning: str, *known: str) -> Form:
    return _words(meaning, {word: word for word in known})


def _text(meaning: str, pattern: str, numbers: Numbers | None) -> Form:
    return Form(meaning, str, pattern, numbers=numbers)


def _count(meaning: str, digits: int) -> Form:
    most = 10**digits - 1
    what = f"{meaning}: a whole number from 1 to {most}"
    return Form(what, int, loose(patterns.count(digits)), numbers=Numbers(1, most))


def _range(text: str) -> str:
    """A CIDR in its canonical form; any other text is taken for a node's name and checked later."""
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        return text.strip()


def _script(text: str) -> str:
    """Without the indentation that is the document's. The historic `#` (cords.md 1.3) is the empty script."""
    script = textwrap.dedent(text.replace("\r\n", "\n").rstrip()).strip("\n")
    return "" if script.strip() == "#" else script


def _listed(text: str) -> tuple[str, ...]:
    """Commas part them; blanks around each say nothing."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _property(text: str) -> Property:
    path, _, name = text.strip().rpartition(".")
    return Property(path, name)


def _address(text: str) -> str:
    """An IP address in its canonical form, or a host name."""
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return text.strip().lower()


def _certificate(text: str) -> str:
    """In form only: whom to trust is for whoever is told it."""
    return "".join(line.strip() + "\n" for line in text.splitlines() if line.strip())


_SIZES = "a number with a unit such as 512M, 4G, 8GiB or 1.5T, and more than nothing; without a unit it is G"
_SPEEDS = "a number with a unit such as 3GHz or 800M, and more than nothing; without a unit it is G"
_MEASURED = Numbers(0.000001, 999_999_999, whole=False)

FORMS: Mapping[Kind, Form] = {
    Kind.TEXT: Form(f"text of at most {_LONGEST_TEXT} characters", most=_LONGEST_TEXT, numbers=_ANY_NUMBER),
    Kind.NAME: _text(
        "name: ASCII letters, digits, _ and : are, and - but not first, 63 at most", patterns.NAME, _COUNTED
    ),
    Kind.LABEL: _text(
        "name: letters, digits, blanks and .:@+,()=#-_ are, 128 at most, a letter, digit, : or _ first, no blank last",
        patterns.LABEL,
        Numbers(0, _FAR, whole=False),
    ),
    Kind.PACKAGE: _text(
        "package's name: ASCII letters and digits are, and + . - and _ but not first, 128 at most",
        patterns.PACKAGE,
        Numbers(0, _FAR, whole=False),
    ),
    Kind.HOST: _text("host name: letters, digits, . and - are, 63 at most", patterns.HOST, _COUNTED),
    Kind.CORES: _count("number of cores", 6),
    Kind.SIZE: Form(f"size: {_SIZES}", units.size, loose(units.SIZE), numbers=_MEASURED),
    Kind.SPEED: Form(f"speed: {_SPEEDS}", units.size, loose(units.SPEED), numbers=_MEASURED),
    Kind.SECONDS: _count("number of seconds", 8),
    Kind.SAMPLES: _count("number of samples", 6),
    Kind.INTEGER: Form("whole number", str.strip, loose(patterns.WHOLE), numbers=Numbers(-_FAR, _FAR)),
    Kind.FLAG: _words("answer", _FLAGS, Numbers(0, 1)),
    Kind.PORT: Form("port: a whole number from 0 to 65535", int, loose(patterns.PORT), numbers=Numbers(0, 65535)),
    Kind.PROTOCOL: _same("protocol", "tcp", "udp"),
    Kind.DIRECTION: _same("direction", "none", "in", "out", "inout"),
    Kind.RANGE: Form(
        "range: a network such as 10.0.0.0/8, or the name of a node", _range, loose(patterns.RANGE), numbers=_COUNTED
    ),
    Kind.PATH: Form("absolute path without blanks and without ..", str, patterns.PATH, _LONGEST_TEXT),
    Kind.SCRIPT: Form("script", _script, numbers=_ANY_NUMBER),
    Kind.LANGUAGE: _words("language", {"cordscript": "cordscript", "": "cordscript"}),
    Kind.EXPRESSION: Form(
        "statements such as pacs.configure(db.hostname); each with its semicolon, "
        f"{_LONGEST_EXPRESSION} characters at most",
        most=_LONGEST_EXPRESSION,
        pattern=patterns.EXPRESSION,
        parsed=True,
    ),
    Kind.CONDITION: _words("condition", _CONDITIONS),
    Kind.NATURE: _same("nature", "penalty", "reward", "both"),
    Kind.NUMBER: Form(
        "number such as 4, -1 or 0.5",
        lambda text: Decimal(text.strip()),
        loose(patterns.DECIMAL),
        numbers=_ANY_NUMBER,
    ),
    Kind.INPUT: _same("type of an input", "text", "number", "flag", "size", "name"),
    Kind.WORDS: Form(
        f"words with commas between, {_LONGEST_TEXT} characters at most",
        _listed,
        most=_LONGEST_TEXT,
        numbers=_ANY_NUMBER,
    ),
    Kind.PROPERTY: Form("property of a node such as pacs.address", _property, loose(patterns.PROPERTY), _LONGEST_TEXT),
    Kind.ADDRESS: Form(
        "address: an IP address or a host name, 253 characters at most", _address, loose(patterns.ADDRESS), 253
    ),
    Kind.AETITLE: Form(
        "AE title: 1 to 16 printable characters without a backslash",
        lambda text: text.strip(" "),
        f" *({patterns.AETITLE}) *",
        numbers=_COUNTED,
    ),
    Kind.CERTIFICATE: Form(
        "certificate in PEM: -----BEGIN CERTIFICATE-----, base64, -----END CERTIFICATE-----",
        _certificate,
        patterns.CERTIFICATE,
    ),
    Kind.READ: Form("text", numbers=_ANY_NUMBER),
}


@cache
def _pattern(kind: Kind) -> re.Pattern[str]:
    """Compiled when the first text of the kind is read: all of them take longer than reading a small document."""
    return re.compile(FORMS[kind].pattern)


def fits(kind: Kind, text: str) -> bool:
    """Whether a text has the form of its kind: what every schema says too."""
    form = FORMS[kind]
    return bool(_pattern(kind).fullmatch(text)) and not (form.most and len(text) > form.most)


def _convert(kind: Kind, text: str) -> object:
    form = FORMS[kind]
    if len(text) > form.most > 0 or not (form.parsed or fits(kind, text)):
        raise ValueError(f"{_shown(text)} is no {form.meaning}")
    return form.convert(text)


def _shown(text: str) -> str:
    return repr(text) if len(text) <= 70 else f"{text[:70]!r}... of {len(text)} characters"


CONVERT: Mapping[Kind, Callable[[str], object]] = {kind: partial(_convert, kind) for kind in FORMS}
