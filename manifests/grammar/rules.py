"""The shape of the grammar's tables: what an element may hold, and what is made of it. Not the tables themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from manifests.grammar.kinds import Kind


class Refers(StrEnum):
    """Whether an element that is written empty, with a name, stands for the one of that name elsewhere.

    NEEDED: without content it says nothing, and two of one name ought to be the same. ALONE: its name alone says enough
    too (a network, a system), or is good in its own place only (a port). LIBRARY: only for one that is kept outside the
    document.
    """

    NEVER = "never"
    NEEDED = "needed"
    ALONE = "alone"
    LIBRARY = "library"


@dataclass(frozen=True, slots=True)
class Attr:
    """`field` is the constructor's argument, by default the attribute's own name. `historic`: in no schema, but real
    documents have it; what to write instead."""

    kind: Kind = Kind.TEXT
    field: str = ""
    required: bool = False
    historic: str = ""


@dataclass(frozen=True, slots=True)
class Child:
    """`rule` is a key of GRAMMAR, `field` the constructor's argument: a value, or a tuple where there may be `many`, or
    one tuple `among` children of other names. `counter` is the attribute in which the historic kind counts them, where
    it has one. `historic`: an old name of the element; how it is written now. `lacking`: the code that is said when a
    required one is not there; the element is left out then, and the document refused if the code is an error's."""

    rule: str
    field: str
    many: bool = False
    required: bool = False
    counter: str = ""
    among: bool = False
    historic: str = ""
    lacking: str = "missing"


# XML makes blanks of an attribute's line ends, so these may be written as an element that holds a text.
_TEXTS = frozenset({Kind.SCRIPT, Kind.EXPRESSION, Kind.CERTIFICATE})


@dataclass(frozen=True, slots=True)
class Rule:
    """What one element may hold, and what is made of it. `required` are the attributes and children that must be there,
    `needed` what they are to the constructor, `texts` the attributes that may also be written as an element with
    nothing but a text inside: all follow from the others, and are looked at for every element."""

    make: Callable[..., object]
    attributes: Mapping[str, Attr]
    children: Mapping[str, Child] = field(default_factory=dict)
    refers: Refers = Refers.NEVER
    required: tuple[str, ...] = field(init=False)
    needed: frozenset[str] = field(init=False)
    texts: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        wanted: dict[str, Attr | Child] = {**self.attributes, **self.children}
        required = {name: known for name, known in wanted.items() if known.required}
        object.__setattr__(self, "required", tuple(required))
        object.__setattr__(self, "needed", frozenset(known.field or name for name, known in required.items()))
        object.__setattr__(self, "texts", frozenset(filter(self._may_be_text, self.attributes)))

    def _may_be_text(self, attribute: str) -> bool:
        """One of several lines, and CORDS' own `<description>`."""
        long = self.attributes[attribute].kind in _TEXTS or attribute == "description"
        return long and attribute not in self.children


TEXT = Attr()
READ = Attr(Kind.READ)
LABEL = Attr(Kind.LABEL)
NAMED = Attr(Kind.LABEL, required=True)
# What a decorated document carries on every element (cords.md 1.2); the store knows better.
DECORATION: Mapping[str, Attr] = {"id": READ, "state": READ}
# Elements of a decorated document that may stand in any other and say nothing to a reader (cords.md 1.1, 1.2).
DECORATIONS = frozenset({"error", "warning", "choice", "description"})


def texts(*names: str) -> dict[str, Attr]:
    return dict.fromkeys(names, TEXT)


def unread(*names: str) -> dict[str, Attr]:
    """Attributes that a document may have and that nobody here needs: counters, URLs, what a store fills in."""
    return dict.fromkeys(names, READ)


def name(name: str = "", **_: object) -> str:
    """What an element leaves when only its name matters here."""
    return name
