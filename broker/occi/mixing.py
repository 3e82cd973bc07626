"""Which mixins an entity has after a request, and which values they bring (CORE-20 to 25, INF-21, INF-30 to 32)."""

from __future__ import annotations

from collections.abc import Mapping

from broker.occi.errors import Denied, Unfit
from broker.occi.model import Attribute, Exclusive, Kind, Value
from broker.occi.registry import Registry


def agreed(
    registry: Registry, kind: Kind, current: tuple[str, ...], asked: tuple[str, ...], *, keep: bool = True
) -> tuple[str, ...]:
    """The mixins after `asked` came to `current` (or, not `keep`, took their place), each once.

    Unknown, Denied for one that does not apply to the kind, Unfit for a second of a family that has just one.
    """
    for name in asked:
        mixin = registry.mixin(name)
        if not registry.applies(mixin, kind.id):
            applies = ", ".join(mixin.applies)
            raise Denied(f"Mixin {name} does not apply to {kind.id}.", hint=f"It applies to {applies}.", term=name)
    _refuse_second(registry, current, asked)
    wanted = dict.fromkeys((*current, *asked) if keep else asked)
    return _latest(registry, tuple(wanted))


def _families(registry: Registry, mixin: str, what: Exclusive) -> frozenset[str]:
    """The mixins this one depends on (or is) that allow one dependant at a time."""
    return frozenset(each.id for each in registry.closure((mixin,)) if each.exclusive is what)


def _refuse_second(registry: Registry, current: tuple[str, ...], asked: tuple[str, ...]) -> None:
    first: dict[str, str] = {}
    for name in (*current, *asked):
        for family in _families(registry, name, Exclusive.REFUSE):
            if first.setdefault(family, name) != name:
                raise Unfit(f"{first[family]} leaves no room for {name}: it is chosen once.", term=name)


def _latest(registry: Registry, mixins: tuple[str, ...]) -> tuple[str, ...]:
    """Without those whose family a later one took over (INF-32)."""
    families = {name: _families(registry, name, Exclusive.REPLACE) for name in mixins}
    last = {family: name for name in mixins for family in families[name]}
    return tuple(name for name in mixins if all(last[family] == name for family in families[name]))


def defaults(definitions: Mapping[str, Attribute]) -> dict[str, Value]:
    """The default values among these definitions."""
    return {name: each.default for name, each in definitions.items() if each.default is not None}


def overriding(registry: Registry, added: tuple[str, ...]) -> dict[str, Value]:
    """The values of the added resource templates, which win over the client's (INF-31)."""
    found: dict[str, Value] = {}
    for name in added:
        if any(each.overrides for each in registry.closure((name,))):
            found |= defaults({each.name: each for each in registry.mixins[name].attributes})
    return found
