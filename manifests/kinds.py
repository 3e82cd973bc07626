"""What an attribute's text may be, and the value it becomes: one function a type, text -> value or ValueError."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from ipaddress import ip_address, ip_network

from manifests import units
from manifests.model import Property

# What the action language can name, and what a step's id can hold: no blank, dot, slash, bracket or quote.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:-]{0,62}")
# A title that nothing is made of: any letters, and what cannot end or leave a path, a shell word or a header line.
_LABEL = re.compile(r"[\w:](?:[\w .:@+,()=#-]{0,126}[\w.:@+,()=#-])?")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.:_-]{0,127}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_CONDITIONS = {
    "eq": "eq", "equal": "eq", "gr": "gr", "greater": "gr", "ls": "ls", "less": "ls",
    "ne": "ne", "notequal": "ne", "le": "le", "notgreater": "le", "ge": "ge", "notless": "ge",
}  # fmt: skip
_DECIMAL = re.compile(r"[+-]?[0-9]{1,19}(\.[0-9]{1,9})?")
_PROPERTY = re.compile(r"""[^\s.=(),;'"]{1,63}(\.[^\s.=(),;'"]{1,63}){1,9}""")
_AETITLE = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?")
# Possessive: a line is base64 or it is not, and nothing is tried twice.
_PEM = re.compile(r"(?:-----BEGIN CERTIFICATE-----\s++(?:[A-Za-z0-9+/=]++\s++)++-----END CERTIFICATE-----\s*+){1,10}")
_LONGEST_TEXT = 1024


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


def _text(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"it has {len(text)} characters; at most {_LONGEST_TEXT} are read")
    return text


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"{text[:70]!r} is no {what}")
        return text

    return convert


def _label(text: str) -> str:
    if not _LABEL.fullmatch(text):
        wrong = "".join(sorted(set(re.sub(r"[\w .:@+,()=#-]", "", text))))[:20]
        what = f"it holds {wrong!r}" if wrong else "a mark or a blank stands at its end, or it is longer than 128"
        raise ValueError(f"{text[:70]!r} is no name: {what}")
    return text


def _integer(text: str) -> str:
    """A whole number, kept as it is written."""
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text):
        raise ValueError(f"{text[:40]!r} is not a whole number")
    return text.strip()


def _one_of(words: Mapping[str, str]) -> Callable[[str], str]:
    def convert(text: str) -> str:
        word = words.get(text.strip().lower())
        if word is None:
            raise ValueError(f"{text[:40]!r} is none of {', '.join(words)}")
        return word

    return convert


def _number(least: int, most: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        value = units.quantity(text)
        if value != int(value) or not least <= value <= most:
            raise ValueError(f"{text[:40]!r} is not a whole number from {least} to {most}")
        return int(value)

    return convert


def _size(text: str) -> int:
    value = units.size(text)
    if value == 0:
        raise ValueError(f"{text[:40]!r} is no size: it is nothing")
    return value


def _flag(text: str) -> bool:
    flag = _FLAGS.get(text.strip().lower())
    if flag is None:
        raise ValueError(f"{text[:40]!r} is neither yes nor no")
    return flag


def _range(text: str) -> str:
    """A CIDR in its canonical form; any other text is taken for a node's name and checked later."""
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        return _text(text.strip())


def _path(text: str) -> str:
    if not text.startswith("/") or ".." in text.split("/") or any(ord(c) <= 32 for c in text):
        raise ValueError(f"{text[:70]!r} is not an absolute path without blanks")
    return _text(text)


def _script(text: str) -> str:
    """Without the indentation that is the document's. The historic `#` (cords.md 1.3) is the empty script."""
    script = textwrap.dedent(text.replace("\r\n", "\n").rstrip()).strip("\n")
    return "" if script.strip() == "#" else script


def _decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text.strip()):
        raise ValueError(f"{text[:40]!r} is no number such as 4, -1 or 0.5")
    return Decimal(text.strip())


def _words(text: str) -> tuple[str, ...]:
    """Commas part them; blanks around each say nothing."""
    return tuple(word.strip() for word in _text(text).split(",") if word.strip())


def _property(text: str) -> Property:
    path, _, name = text.strip().rpartition(".")
    if not _PROPERTY.fullmatch(text.strip()):
        raise ValueError(f"{text[:70]!r} is no property of a node such as pacs.address")
    return Property(path, name)


def _address(text: str) -> str:
    """An IP address in its canonical form, or a host name. Numbers with dots between are no name (RFC 1123, 2.1)."""
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        if _HOST.fullmatch(text.strip()) and not re.fullmatch(r"[0-9.]+", text.strip()):
            return text.strip().lower()
    raise ValueError(f"{text[:70]!r} is neither an IP address nor a host name")


def _aetitle(text: str) -> str:
    """DICOM PS3.5, 6.2: VR AE, 16 characters at most, without backslash; blanks around it say nothing."""
    title = text.strip(" ")
    if not _AETITLE.fullmatch(title):
        raise ValueError(f"{text[:40]!r} is no AE title: 1 to 16 printable characters without a backslash")
    return title


def _certificate(text: str) -> str:
    """In form only (RFC 7468): whom to trust is for whoever is told it."""
    pem = textwrap.dedent(text).strip()
    if not _PEM.fullmatch(pem):
        raise ValueError(
            "this is no certificate in PEM: -----BEGIN CERTIFICATE-----, base64, -----END CERTIFICATE-----"
        )
    return "".join(line.strip() + "\n" for line in pem.splitlines() if line.strip())


CONVERT: Mapping[Kind, Callable[[str], object]] = {
    Kind.TEXT: _text,
    Kind.NAME: _matching(_NAME, "name: letters, digits, - _ and : are, 63 at most"),
    Kind.PACKAGE: _matching(_PACKAGE, "package's name: letters, digits, + . : - and _ are"),
    Kind.LABEL: _label,
    Kind.HOST: _matching(_HOST, "host name"),
    Kind.CORES: _number(1, 1_000_000),
    Kind.SIZE: _size,
    Kind.SPEED: units.size,
    Kind.SECONDS: _number(1, 31_536_000),
    Kind.SAMPLES: _number(1, 1_000_000),
    Kind.INTEGER: _integer,
    Kind.FLAG: _flag,
    Kind.PORT: _number(0, 65535),
    Kind.PROTOCOL: _one_of({"tcp": "tcp", "udp": "udp"}),
    Kind.DIRECTION: _one_of({word: word for word in ("none", "in", "out", "inout")}),
    Kind.RANGE: _range,
    Kind.PATH: _path,
    Kind.SCRIPT: _script,
    Kind.LANGUAGE: _one_of({"cordscript": "cordscript", "": "cordscript"}),
    Kind.EXPRESSION: str,
    Kind.CONDITION: _one_of(_CONDITIONS),
    Kind.NATURE: _one_of({word: word for word in ("penalty", "reward", "both")}),
    Kind.NUMBER: _decimal,
    Kind.INPUT: _one_of({word: word for word in ("text", "number", "flag", "size", "name")}),
    Kind.WORDS: _words,
    Kind.PROPERTY: _property,
    Kind.ADDRESS: _address,
    Kind.AETITLE: _aetitle,
    Kind.CERTIFICATE: _certificate,
    Kind.READ: str,
}
