"""The action language (cords.md 1.4): `path.method(arguments);` or `path.property = 'literal';`, one or more.

Reads every statement of an expression. What is wrong is collected with its offset, and reading goes on after the next
semicolon. What names mean is not known here: see `manifests.check`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Method:
    """What a node can be told. `verb` is the plan's; `phases` where it may stand; `takes` what its arguments are."""

    verb: str
    takes: str
    phases: frozenset[str]


_ANYWHERE = frozenset({"configuration", "release", "interface"})
_BEFORE = frozenset({"configuration", "interface"})
METHODS = {
    "configure": Method("configure", "properties", _BEFORE),
    "set": Method("configure", "name and text", _BEFORE),
    "system": Method("run", "text", _ANYWHERE),
    "command": Method("run", "text", _ANYWHERE),
    "fork": Method("fork", "text", _ANYWHERE),
    "process": Method("fork", "text", _ANYWHERE),
    "kill": Method("kill", "text", _ANYWHERE),
}
# property -> the field of the machine's result; the password has a step of its own.
PROPERTIES = {"hostname": "hostname", "address": "address", "reference": "id", "contract": "contract", "password": ""}

# A token is any run of characters other than blanks and . = ( ) , ; and quotes; literals have no escapes.
_TOKEN = re.compile(r"""\s*(?:(?P<word>[^\s.=(),;'"]+)|(?P<text>'[^']*'|"[^"]*")|(?P<mark>[.=(),;])|(?P<open>['"]))""")


class Token(NamedTuple):
    kind: str
    text: str
    offset: int


class Path(NamedTuple):
    """Names joined by dots, and where the first one stands."""

    names: tuple[str, ...]
    offset: int

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Call:
    """One statement: `path` without the method. An assignment is the method `set` with the property and the literal. A
    str is a literal."""

    path: Path
    method: str
    arguments: tuple[str | Path, ...]
    offset: int


class Trouble(NamedTuple):
    """`code` is a key of CODES."""

    code: str
    offset: int
    summary: str


class _Wrong(Exception):
    def __init__(self, code: str, token: Token, summary: str) -> None:
        super().__init__(summary)
        self.trouble = Trouble(code, token.offset, summary)


def statements(expression: str) -> tuple[tuple[Call, ...], tuple[Trouble, ...]]:
    """All statements that can be read, and all that is wrong with the others."""
    reader = _Reader(_tokens(expression))
    calls: list[Call] = []
    troubles: list[Trouble] = []
    while reader.next.kind != "end":
        try:
            calls.append(reader.statement())
        except _Wrong as wrong:
            troubles.append(wrong.trouble)
            reader.skip()
    return tuple(calls), tuple(troubles)


def _tokens(expression: str) -> list[Token]:
    found = [
        Token(match.lastgroup or "", match[match.lastgroup or 0], match.start(match.lastgroup or 0))
        for match in _TOKEN.finditer(expression.rstrip())
    ]
    return [*found, Token("end", "", len(expression.rstrip()))]


class _Reader:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._at]

    def statement(self) -> Call:
        path = self._path()
        mark = self._mark("(", "=")
        call = self._call(path) if mark == "(" else self._assignment(path)
        if self.next.text != ";" or self.next.kind != "mark":
            raise _Wrong("action-end", self.next, f"the statement on {path} does not end with a semicolon")
        self._at += 1
        return call

    def skip(self) -> None:
        """Past the next semicolon."""
        while self.next.kind != "end":
            self._at += 1
            if self._tokens[self._at - 1][:2] == ("mark", ";"):
                return

    def _call(self, path: Path) -> Call:
        arguments: list[str | Path] = []
        while not arguments or self._mark(",", ")") == ",":
            if not arguments and self.next[:2] == ("mark", ")"):
                self._at += 1
                break
            arguments.append(self._argument())
        return Call(*self._split(path, "a method"), tuple(arguments), path.offset)

    def _assignment(self, path: Path) -> Call:
        target, name = self._split(path, "a property")
        token = self._take("text", "a value in quotes")
        return Call(target, "set", (name, token.text[1:-1]), path.offset)

    def _split(self, path: Path, what: str) -> tuple[Path, str]:
        if len(path.names) < 2:
            token = Token("word", path.names[0], path.offset)
            raise _Wrong(
                "action-syntax", token, f"{path} is one name; a node's name and {what} joined by a dot are needed"
            )
        return Path(path.names[:-1], path.offset), path.names[-1]

    def _argument(self) -> str | Path:
        if self.next.kind == "text":
            return self._take("text", "").text[1:-1]
        return self._path()

    def _path(self) -> Path:
        first = self._take("word", "a name")
        names = [first.text]
        while self.next[:2] == ("mark", "."):
            self._at += 1
            names.append(self._take("word", "a name").text)
        return Path(tuple(names), first.offset)

    def _mark(self, *marks: str) -> str:
        if self.next.kind != "mark" or self.next.text not in marks:
            raise self._unexpected(" or ".join(marks))
        return self._take("mark", "").text

    def _take(self, kind: str, what: str) -> Token:
        if self.next.kind != kind:
            raise self._unexpected(what)
        self._at += 1
        return self._tokens[self._at - 1]

    def _unexpected(self, what: str) -> _Wrong:
        found = repr(self.next.text[:40]) if self.next.text else "the end"
        return _Wrong("action-syntax", self.next, f"{found} stands where {what} should")
