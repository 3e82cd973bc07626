"""The form of a kinds file, and how an entry becomes a category."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from broker.occi.model import RESOURCE, Action, Attribute, Category, Exclusive, Kind, Mixin, Type


def _attribute(said: object) -> object:
    """`integer`, `ref node`, `many node` -> the long form."""
    if not isinstance(said, str):
        return said
    word, _, target = said.partition(" ")
    if word == "ref":
        return {"type": Type.STRING, "refers": target, "description": f"URL of a {target}"}
    if word == "many":
        return {"type": Type.INTEGER, "description": f"how many {target} are linked"}
    return {"type": word}


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AttributeSpec(_Spec):
    type: Type = Type.STRING
    mutable: bool = True
    required: bool = False
    once: bool = False
    secret: bool = False
    default: Any = None
    values: tuple[str, ...] = ()
    minimum: int | float | None = None
    maximum: int | float | None = None
    pattern: str | None = None
    refers: str | None = None
    description: str = ""


Attributes = dict[str, Annotated[AttributeSpec, BeforeValidator(_attribute)]]


class ActionSpec(_Spec):
    title: str = ""
    attributes: Attributes = Field(default_factory=dict)


Actions = dict[str, dict[str, ActionSpec]]


class KindSpec(_Spec):
    """`location` empty: `/<term>/`; null: none. `scheme`: another than the file's."""

    title: str
    scheme: str | None = None
    parent: str | None = RESOURCE
    location: str | None = ""
    abstract: bool = False
    attributes: Attributes = Field(default_factory=dict)
    actions: Actions = Field(default_factory=dict)


class MixinSpec(_Spec):
    title: str
    scheme: str | None = None
    depends: tuple[str, ...] = ()
    applies: tuple[str, ...] = ()
    location: str = ""
    exclusive: Exclusive = Exclusive.NO
    overrides: bool = False
    attributes: Attributes = Field(default_factory=dict)


class FileSpec(_Spec):
    """A kinds file: its scheme, kinds and mixins by term, in the order they are listed."""

    scheme: str
    kinds: dict[str, KindSpec] = Field(default_factory=dict)
    mixins: dict[str, MixinSpec] = Field(default_factory=dict)

    def categories(self) -> tuple[Category, ...]:
        return tuple(chain(self._kinds(), self._mixins(), self._actions()))

    def _kinds(self) -> Iterator[Kind]:
        for term, spec in self.kinds.items():
            yield Kind(
                scheme=spec.scheme or self.scheme,
                term=term,
                title=spec.title,
                parent=spec.parent,
                attributes=self._attributes(spec.attributes, f"occi.{term}."),
                actions=tuple(scheme + name for scheme, names in spec.actions.items() for name in names),
                location=f"/{term}/" if spec.location == "" else spec.location,
                abstract=spec.abstract,
            )

    def _mixins(self) -> Iterator[Mixin]:
        for term, spec in self.mixins.items():
            yield Mixin(
                scheme=spec.scheme or self.scheme,
                term=term,
                title=spec.title,
                attributes=self._attributes(spec.attributes, f"occi.{term}."),
                depends=spec.depends,
                applies=spec.applies,
                location=spec.location or f"/{term}/",
                exclusive=spec.exclusive,
                overrides=spec.overrides,
            )

    def _actions(self) -> Iterator[Action]:
        for spec in self.kinds.values():
            for scheme, terms in spec.actions.items():
                for term, action in terms.items():
                    yield Action(scheme, term, action.title, self._attributes(action.attributes, ""))

    def _attributes(self, specs: Mapping[str, AttributeSpec], prefix: str) -> tuple[Attribute, ...]:
        return tuple(
            Attribute(name=name if "." in name else prefix + name, **self._members(spec))
            for name, spec in specs.items()
        )

    def _members(self, spec: AttributeSpec) -> dict[str, Any]:
        found = dict(spec)
        if spec.refers and "#" not in spec.refers:
            found["refers"] = self.scheme + spec.refers
        return found
