"""The categories one server knows, as an immutable value: who inherits from whom, what applies to what, where it lives.

A user's mixin makes a new registry (`with_mixin`, `without_mixin`); nothing is ever changed in place, so a registry
can be shared by threads and be the key of a cache. Equality is identity on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain

from broker.occi.errors import Denied, Malformed, Unfit, Unknown
from broker.occi.grammar import term, uri
from broker.occi.model import LINK, RESERVED, Action, Attribute, Category, Kind, Mixin


@dataclass(frozen=True, slots=True, eq=False)
class Registry:
    """`kinds`, `mixins`, `actions` by type identifier in the order they are listed; `locations` by path."""

    kinds: Mapping[str, Kind]
    mixins: Mapping[str, Mixin]
    actions: Mapping[str, Action]
    locations: Mapping[str, Kind | Mixin]
    lineages: Mapping[str, tuple[Kind, ...]] = field(repr=False)

    @classmethod
    def of(cls, categories: Iterable[Category]) -> Registry:
        """A registry of these categories; Unfit when two share an identifier or a location, Unknown for a parent or
        an action that is not among them."""
        found: dict[str, Category] = {}
        for category in categories:
            if category.id in found:
                raise Unfit(f"Category {category.id} is defined twice.", term=category.id)
            found[category.id] = category
        kinds = {name: each for name, each in found.items() if isinstance(each, Kind)}
        mixins = {name: each for name, each in found.items() if isinstance(each, Mixin)}
        actions = {name: each for name, each in found.items() if isinstance(each, Action)}
        _check_actions(chain(kinds.values(), mixins.values()), actions)
        lineages = {name: _lineage(kind, kinds) for name, kind in kinds.items()}
        return cls(kinds, mixins, actions, _locations(chain(kinds.values(), mixins.values())), lineages)

    def category(self, type_id: str) -> Category:
        """The category of that type identifier; Unknown if there is none."""
        found = self.kinds.get(type_id) or self.mixins.get(type_id) or self.actions.get(type_id)
        if found is None:
            raise Unknown(f"Category {type_id} is not known here.", hint="GET /-/ lists what is known.", term=type_id)
        return found

    def kind(self, type_id: str) -> Kind:
        """The kind of that type identifier; Unknown if there is none."""
        if (found := self.kinds.get(type_id)) is None:
            raise Unknown(f"Kind {type_id} is not known here.", hint="GET /-/ lists what is known.", term=type_id)
        return found

    def mixin(self, type_id: str) -> Mixin:
        """The mixin of that type identifier; Unknown if there is none."""
        if (found := self.mixins.get(type_id)) is None:
            raise Unknown(f"Mixin {type_id} is not known here.", hint="GET /-/ lists what is known.", term=type_id)
        return found

    def action(self, type_id: str) -> Action:
        """The action of that type identifier; Unknown if there is none."""
        if (found := self.actions.get(type_id)) is None:
            raise Unknown(f"Action {type_id} is not known here.", hint="GET /-/ lists what is known.", term=type_id)
        return found

    def locate(self, path: str) -> tuple[Kind, str] | None:
        """`/compute/996a…` -> (the kind that lives at `/compute/`, `996a…`); None for any other path."""
        folder, slash, name = path.rpartition("/")
        found = self.locations.get(folder + slash)
        return (found, name) if name and isinstance(found, Kind) else None

    def path(self, kind: str, id: str) -> str:
        """The path of an entity: its kind's location and its uuid (NS-08)."""
        location = self.kinds[kind].location
        return f"{location}{id}"

    def secrets(self, kind: str) -> frozenset[str]:
        """The attributes of a kind that are shown to nobody."""
        return _secrets(self, kind)

    def is_link(self, kind: str) -> bool:
        """Whether entities of that kind are links; Unknown kinds are resources."""
        return any(each.id == LINK for each in self.lineages.get(kind, ()))

    def kinds_below(self, kind: str) -> frozenset[str]:
        """The kind and its descendants: whose instances the kind's collection holds (CORE-47)."""
        return _kinds_below(self, kind)

    def mixins_below(self, mixin: str) -> frozenset[str]:
        """The mixin and those that depend on it, however far: whose members its collection holds (CORE-22)."""
        return _mixins_below(self, mixin)

    def closure(self, mixins: Iterable[str]) -> tuple[Mixin, ...]:
        """These mixins with all they depend on, dependencies first. One that nobody defined is left out (QI-07)."""
        found: dict[str, Mixin] = {}
        opened: set[str] = set()
        waiting = list(reversed(tuple(mixins)))
        while waiting:  # no recursion: users choose how long a chain is, or whether it is a ring
            mixin = self.mixins.get(waiting[-1])
            if mixin is not None and mixin.id not in opened:
                opened.add(mixin.id)
                waiting.extend(reversed(mixin.depends))
                continue
            waiting.pop()
            if mixin is not None:
                found.setdefault(mixin.id, mixin)
        return tuple(found.values())

    def definitions(self, kind: str, mixins: tuple[str, ...] = ()) -> Mapping[str, Attribute]:
        """Attribute definitions by name: inherited, own, the mixins' over the kind's (CORE-08)."""
        return _definitions(self, kind, mixins)

    def actions_of(self, kind: str, mixins: tuple[str, ...] = ()) -> Mapping[str, Action]:
        """Actions by type identifier that an entity of this kind with these mixins defines."""
        return _actions_of(self, kind, mixins)

    def applies(self, mixin: Mixin, kind: str) -> bool:
        """Whether the mixin may be put on the kind: on those it names and their descendants (CORE-21)."""
        return not mixin.applies or any(each.id in mixin.applies for each in self.lineages[kind])

    def with_mixin(self, mixin: Mixin) -> Registry:
        """The registry with a user's mixin; itself when the same is there already. Malformed, Denied or Unfit: QI-06
        and QI-08."""
        _check_user_mixin(mixin)
        known = self.kinds.get(mixin.id) or self.actions.get(mixin.id) or self.mixins.get(mixin.id)
        if isinstance(known, Mixin) and known.user:
            if known == mixin:
                return self
            raise Unfit(f"Mixin {mixin.id} exists already, defined differently.", term=mixin.id)
        if known is not None:
            raise Denied(f"Category {mixin.id} is defined by the provider.", term=mixin.id)
        if mixin.location in self.locations or self._is_taken(mixin.location):
            raise Unfit(f"Location {mixin.location} is taken.", term=mixin.location)
        return replace(
            self,
            mixins={**self.mixins, mixin.id: mixin},
            locations={**self.locations, mixin.location: mixin},
        )

    def _is_taken(self, location: str) -> bool:
        """Below a kind's location are its entities, below /-/ and /. what is no collection."""
        kinds = (path for path, each in self.locations.items() if isinstance(each, Kind))
        return location.startswith(("/-/", "/.", *kinds))

    def with_offered(self, mixins: Iterable[Mixin]) -> Registry:
        """The registry with mixins of the provider's own that come and go, as templates do. One whose place is taken
        is left out."""
        found = {
            each.id: each
            for each in mixins
            if each.id not in self.mixins and each.id not in self.kinds and each.location not in self.locations
        }
        if not found:
            return self
        places = {each.location: each for each in found.values()}
        return replace(self, mixins={**self.mixins, **found}, locations={**self.locations, **places})

    def without_mixin(self, type_id: str) -> Registry:
        """The registry without a user's mixin; Unknown, or Denied for a provider's (QI-09)."""
        mixin = self.mixin(type_id)
        if not mixin.user:
            raise Denied(f"Mixin {type_id} is defined by the provider and cannot be removed.", term=type_id)
        return replace(
            self,
            mixins={name: each for name, each in self.mixins.items() if name != type_id},
            locations={path: each for path, each in self.locations.items() if path != mixin.location},
        )


def _check_actions(owners: Iterable[Kind | Mixin], actions: Mapping[str, Action]) -> None:
    for owner in owners:
        for name in owner.actions:
            if name not in actions:
                raise Unknown(f"Action {name} of {owner.id} is not defined.", term=name)


def _lineage(kind: Kind, kinds: Mapping[str, Kind]) -> tuple[Kind, ...]:
    """The kind and its ancestors, itself first."""
    line = [kind]
    while (parent := line[-1].parent) is not None:
        if parent not in kinds or kinds[parent] in line:
            raise Unknown(f"Parent {parent} of kind {line[-1].id} is not defined.", term=parent)
        line.append(kinds[parent])
    return tuple(line)


def _locations(categories: Iterable[Kind | Mixin]) -> dict[str, Kind | Mixin]:
    found: dict[str, Kind | Mixin] = {}
    for category in categories:
        if not category.location:
            continue
        if category.location in found:
            raise Unfit(f"Location {category.location} is taken twice.", term=category.location)
        found[category.location] = category
    return found


def _check_user_mixin(mixin: Mixin) -> None:
    term(mixin.term)
    for said in (mixin.scheme, mixin.location, *mixin.depends, *mixin.applies):
        uri(said or "/")
    if not mixin.scheme.endswith("#") or len(mixin.scheme) < 2:
        raise Malformed(f"Scheme {mixin.scheme!r} of mixin {mixin.term} does not end with #.", term=mixin.scheme)
    if mixin.scheme.startswith(RESERVED):
        raise Denied(f"Schemes below {RESERVED} are reserved; {mixin.id} cannot be defined.", term=mixin.id)
    if len(mixin.location) < 3 or not (mixin.location.startswith("/") and mixin.location.endswith("/")):
        raise Malformed(
            f"Mixin {mixin.id} needs a location.", hint='A path with a slash at both ends: "/tags/ann/".', term=mixin.id
        )
    if mixin.attributes or mixin.actions:
        raise Malformed(f"Mixin {mixin.id}: a user's mixin has neither attributes nor actions.", term=mixin.id)


@lru_cache(maxsize=1024)
def _secrets(registry: Registry, kind: str) -> frozenset[str]:
    lineage = registry.lineages.get(kind, ())
    return frozenset(each.name for above in lineage for each in above.attributes if each.secret)


@lru_cache(maxsize=2048)
def _definitions(registry: Registry, kind: str, mixins: tuple[str, ...]) -> Mapping[str, Attribute]:
    sources: Iterable[Kind | Mixin] = chain(reversed(registry.lineages[kind]), registry.closure(mixins))
    return {each.name: each for source in sources for each in source.attributes}


@lru_cache(maxsize=2048)
def _actions_of(registry: Registry, kind: str, mixins: tuple[str, ...]) -> Mapping[str, Action]:
    sources: Iterable[Kind | Mixin] = chain(reversed(registry.lineages[kind]), registry.closure(mixins))
    return {name: registry.actions[name] for source in sources for name in source.actions}


@lru_cache(maxsize=1024)
def _kinds_below(registry: Registry, kind: str) -> frozenset[str]:
    return frozenset(name for name, line in registry.lineages.items() if any(each.id == kind for each in line))


@lru_cache(maxsize=1024)
def _mixins_below(registry: Registry, mixin: str) -> frozenset[str]:
    return frozenset(name for name in registry.mixins if any(each.id == mixin for each in registry.closure((name,))))
