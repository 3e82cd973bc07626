"""Which mixins an entity has after a request, and which values they bring (CORE-20 to 25, INF-21, INF-30 to 32)."""

from __future__ import annotations

from collections.abc import Mapping

from broker.occi.errors import Denied, Unfit
from broker.occi.model import Attribute, Exclusive, Kind, Mixin, Value
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
            raise Denied(f"Mixin {name} does not apply to {kind.id}.", hint=f"It applies to {_to(mixin)}.", term=name)
    for name in asked:
        _refuse_second(registry, name, (*current, *asked))
    wanted = dict.fromkeys((*current, *asked) if keep else asked)
    return _latest(registry, tuple(wanted))


def _to(mixin: Mixin) -> str:
    return ", ".join(mixin.applies)


def _families(registry: Registry, mixin: str, what: Exclusive) -> frozenset[str]:
    """The mixins this one depends on (or is) that allow one dependant at a time."""
    return frozenset(each.id for each in registry.closure((mixin,)) if each.exclusive is what)


def _refuse_second(registry: Registry, asked: str, others: tuple[str, ...]) -> None:
    families = _families(registry, asked, Exclusive.REFUSE)
    for name in others:
        if name != asked and families & _families(registry, name, Exclusive.REFUSE):
            raise Unfit(f"{name} leaves no room for {asked}: it is chosen once.", term=asked)


def _latest(registry: Registry, mixins: tuple[str, ...]) -> tuple[str, ...]:
    """Without those whose family a later one took over (INF-32)."""
    families = {name: _families(registry, name, Exclusive.REPLACE) for name in mixins}
    return tuple(
        name
        for index, name in enumerate(mixins)
        if not any(families[name] & families[later] for later in mixins[index + 1 :])
    )


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
