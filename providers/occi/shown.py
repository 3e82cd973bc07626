"""What OCCI servers show, as values: entities, collections, and what the query interface lists. Members we do not read
are let pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator


class End(BaseModel):
    """A link's source or target."""

    location: str


class Shown(BaseModel):
    """An entity as a server renders it. `id` is a uuid with `urn:uuid:` before it, or what a server of OCCI 1.1 has in
    its place."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    kind: str
    id: str
    title: str = ""
    summary: str = ""
    mixins: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = Field(default_factory=dict)
    links: tuple[Shown, ...] = ()
    target: End | None = None

    @property
    def own(self) -> str:
        """Its id without what says that it is one."""
        return self.id.removeprefix("urn:uuid:")


class Collection(BaseModel):
    """A collection, or the part of it on one page."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    resources: tuple[Shown, ...] = ()
    links: tuple[Shown, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _is_one(cls, found: object) -> object:
        """What says something, and of neither, is none: it must not look like an empty one."""
        if isinstance(found, dict) and found and found.keys().isdisjoint(cls.model_fields):
            raise ValueError(f"a collection has resources or links, not {', '.join(map(str, found))[:100]}")
        return found


class Category(BaseModel):
    """A kind or mixin of the query interface. `defaults`: what entities with it have unless they say otherwise."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    term: str
    scheme: str
    title: str = ""
    location: str | None = None
    depends: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def type(self) -> str:
        return self.scheme + self.term

    def default(self, attribute: str) -> Any:
        """What it gives an attribute; None for nothing."""
        found = self.attributes.get(attribute)
        return found.get("default") if isinstance(found, Mapping) else None


class Model(BaseModel):
    """What a server's query interface lists."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    kinds: tuple[Category, ...]
    mixins: tuple[Category, ...] = ()

    def locations(self) -> Mapping[str, str]:
        """Type identifier -> path of its collection."""
        return {each.type: each.location for each in (*self.kinds, *self.mixins) if each.location}

    def below(self, mixin: str) -> tuple[Category, ...]:
        """The mixins that depend on this one: templates of a family."""
        return tuple(each for each in self.mixins if mixin in each.depends)


class Offered(BaseModel):
    """An offer of the broker at the other end, as it plans with it itself (its GET /offers)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    provider: str
    zone: str
    sizes: tuple[Mapping[str, Any], ...]
    images: tuple[Mapping[str, Any], ...]
    flexible: bool = False
    left: Mapping[str, int] = Field(default_factory=dict)
    abilities: tuple[str, ...] = ()
    delivery: str = "home"
    price: str | None = None
    currency: str = "EUR"
    operator: str = "any"


class Offers(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    offers: tuple[Offered, ...] = ()
