"""What the other end can give, as offerings of ours. Pure.

One of our brokers says it whole (`GET /offers`): sizes, images, prices and what is left are those of the provider
behind it, and abilities are its abilities as far as they can be asked for in OCCI.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from providers.occi import words
from providers.occi.options import Options
from providers.occi.shown import Category, Model, Offered
from providers.protocol import Ability, OfferedImage, OfferedSize, Offering, Resource


def of_broker(offered: Sequence[Offered], model: Model, saved: Sequence[Resource], options: Options) -> list[Offering]:
    """One a zone of the provider that is meant there. `saved`: what of this account can be started from."""
    provider = provider_of(offered, options)
    able = abilities(model.locations())
    return [_offering(each, able, saved, options) for each in offered if each.provider == provider]


def provider_of(offered: Sequence[Offered], options: Options) -> str:
    """The provider over there: the one that the settings name, or the first; empty when there is none."""
    return options.provider or next((each.provider for each in offered), "")


def abilities(shown: Collection[str]) -> frozenset[Ability]:
    """What a broker's cloud row has words for: the kinds and mixins it shows."""
    return frozenset(ability for ability, word in words.NEEDS.items() if word in shown)


def sizes(model: Model, provider: str) -> Mapping[str, str]:
    """Name of a size -> its mixin."""
    return {each.term: each.type for each in _of(model.below(words.RESOURCE_TEMPLATE), provider)}


def images(model: Model) -> Mapping[str, str]:
    """Id of an image -> its mixin: the id is the mixin."""
    return {each.type: each.type for each in model.below(words.OS_TEMPLATE)}


def _of(templates: Iterable[Category], provider: str) -> Iterable[Category]:
    """Those of a broker's provider: each has schemes of its own."""
    return (each for each in templates if each.scheme.startswith(f"{words.TEMPLATES}{provider}/"))


def _offering(offered: Offered, able: frozenset[Ability], saved: Sequence[Resource], options: Options) -> Offering:
    own = [OfferedImage(each.id, each.name) for each in saved]
    there = {Ability(each) for each in offered.abilities if each in set(Ability)}
    keys = {Ability.KEYS}  # kept at the broker, whatever the provider behind it does
    return Offering(
        zone=offered.zone,
        sizes=tuple(_size(each) for each in offered.sizes),
        images=(*(_image(each) for each in offered.images), *own),
        flexible=offered.flexible,
        left=offered.left,
        abilities=frozenset((there & able) | keys),
        delivery=options.delivery or ("home" if offered.delivery == "home" else "none"),
        price=_money(offered.price),
        currency=offered.currency,
        operator=options.operator or offered.operator,
    )


def _size(said: Mapping[str, Any]) -> OfferedSize:
    """Its name is what the template of it is called."""
    name = str(said["template"]).rpartition("#")[2] if said.get("template") else None
    cores, memory, disk = (int(said[what]) for what in ("cores", "memory", "disk"))
    return OfferedSize(name, cores, memory, disk, str(said["architecture"]), _money(said.get("price")))


def _image(said: Mapping[str, Any]) -> OfferedImage:
    known = {name: said[name] for name in ("name", "distribution", "version", "architecture")}
    return OfferedImage(str(said["template"]), **known, aliases=tuple(said.get("aliases") or ()))


def _money(said: object) -> Decimal | None:
    return None if said is None else Decimal(str(said))
