"""The action language (cords.md 1.4): `path.method(arguments);` or `path.property = 'literal';`, one or more.

Reads every statement of an expression. What is wrong is collected with its offset, and reading goes on after the next
semicolon. What names mean is not known here: see `manifests.actions.statements`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Method:
    """What a node can be told. `verb` is the plan's; `phases` where it may stand; `takes` what its arguments are;
    `modern` the word to write instead of a historic one."""

    verb: str
    takes: str
    phases: frozenset[str]
    modern: str = ""


_ANYWHERE = frozenset({"configuration", "release", "interface"})
_BEFORE = frozenset({"configuration", "interface"})
METHODS = {
    "configure": Method("configure", "properties", _BEFORE),
    "set": Method("configure", "name and text", _BEFORE),
    "monitor": Method("monitor", "metric", frozenset({"configuration"})),
    "system": Method("run", "text", _ANYWHERE),
    "command": Method("run", "text", _ANYWHERE, modern="system"),
    "fork": Method("fork", "text", _ANYWHERE),
    "process": Method("fork", "text", _ANYWHERE, modern="fork"),
    "kill": Method("kill", "text", _ANYWHERE),
}
# property -> the field of the machine's result; the password has a step of its own, and so may the public address.
PROPERTIES = {
    "hostname": "hostname",
    "address": "address",
    "public": "public",
    "reference": "id",
    "contract": "contract",
    "password": "",
}
# Who a measurement was for (cords.md 4.3): the original's components. Here samples are kept once, for everybody.
CONSUMERS = ("slam", "coobas", "cops", "coees", "conets", "comons")
# The attribute dialect (cords.md 1.6): calls of OCCI servers. Recognised, and not acted on.
OCCI_CALLS = frozenset({"new", "delete", "start", "stop", "save", "snapshot", "build", "instance", "resolve"})
_CORDSCRIPT = "cordscript"
_PREFIX = "cordscript:"

LONGEST_TOKEN = 1024
"""Characters of one name (cords.md 1.4)."""

# A token is any run of characters other than blanks and . = ( ) , ; and quotes; literals have no escapes.
_TOKEN = re.compile(r"""\s*(?:(?P<word>[^\s.=(),;'"]+)|(?P<text>'[^']*'|"[^"]*")|(?P<mark>[.=(),;])|(?P<open>['"]))""")
_WORD = re.compile(r"""[^\s.=(),;'"]+""")


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
    """One statement: `path` without the method, which is in lower case: its case does not matter. An assignment is the
    method `set` with the property and the literal. A str is a literal."""

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


def is_cordscript(attribute: str, value: str) -> bool:
    """Whether an attribute holds the historic script that the original's parser ran (cords.md 1.6). An `expression` is
    none: it may have the prefix too, and is run at other times."""
    return attribute == _CORDSCRIPT or (attribute != "expression" and value.lstrip().startswith(_PREFIX))


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
    if expression.strip() == _PREFIX:
        troubles.append(Trouble("action-syntax", 0, f"there is no statement after {_PREFIX}"))
    return tuple(calls), tuple(troubles)


def written(calls: Iterable[Call]) -> str:
    """The expression that says these statements: what `statements` reads back as them. ValueError for a literal with
    both quotes in it, which the language cannot write."""
    return " ".join(map(_written, calls))


def _written(call: Call) -> str:
    if call.method == "set" and len(call.arguments) == 2:
        name, text = call.arguments
        if isinstance(name, str) and isinstance(text, str) and _WORD.fullmatch(name):
            return f"{call.path}.{name} = {_quoted(text)};"
    arguments = ", ".join(_quoted(each) if isinstance(each, str) else str(each) for each in call.arguments)
    return f"{call.path}.{call.method}({arguments});"


def _quoted(text: str) -> str:
    quote = '"' if "'" in text else "'"
    if quote in text:
        raise ValueError("a literal has no escapes: it cannot hold both quotes")
    return quote + text + quote


def _tokens(expression: str) -> list[Token]:
    text = expression.rstrip()
    start = len(_PREFIX) if text.startswith(_PREFIX) else 0
    found = [
        Token(match.lastgroup or "", match[match.lastgroup or 0], match.start(match.lastgroup or 0))
        for match in _TOKEN.finditer(text, start)
    ]
    return [*found, Token("end", "", len(text))]


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
        target, method = self._split(path, "a method")
        return Call(target, method.lower(), tuple(arguments), path.offset)

    def _assignment(self, path: Path) -> Call:
        target, name = self._split(path, "a property")
        token = self._take("text", "a value in quotes")
        return Call(target, "set", (name, token.text[1:-1]), path.offset)

    def _split(self, path: Path, what: str) -> tuple[Path, str]:
        if len(path.names) < 2:
            token = Token("word", path.names[0], path.offset)
            summary = f"{path} is one name; a node's name and {what} joined by a dot are needed"
            raise _Wrong("action-syntax", token, summary)
        return Path(path.names[:-1], path.offset), path.names[-1]

    def _argument(self) -> str | Path:
        if self.next.kind == "text":
            return self._take("text", "").text[1:-1]
        return self._path()

    def _path(self) -> Path:
        first = self._name()
        names = [first.text]
        while self.next[:2] == ("mark", "."):
            self._at += 1
            names.append(self._name().text)
        return Path(tuple(names), first.offset)

    def _name(self) -> Token:
        token = self._take("word", "a name")
        if len(token.text) > LONGEST_TOKEN:
            summary = f"a name of {len(token.text)} characters; at most {LONGEST_TOKEN} are read"
            raise _Wrong("action-syntax", token, summary)
        return token

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
