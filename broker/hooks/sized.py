"""A change of a compute's size by its client: other cores, other memory, or another resource template in the place of
the first (INF-32). Asked of the service that the compute is, which plans it and refuses with the reason what cannot be
had; the entity says the new size when the machine has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from broker.errors import Clash
from broker.hooks import cloud, owned, templates, underway
from broker.services import Context
from broker.store import Record
from broker.templates import GIB, RESOURCE, Template

CORES, MEMORY = "occi.compute.cores", "occi.compute.memory"


def change(ctx: Context, before: Record, after: Record) -> Record:
    """What is to be stored: all but the size, which is asked for. What else of the change is refused is refused before
    that. Clash where no such size can be had, or where a manifest says what runs."""
    service = owned.service_of(before.attributes)
    sized = _templates(ctx, before, after) if service else {}
    wish = _wish(before, after, sized) if service else {}
    if not wish:
        return cloud.update(ctx, before, after)
    rest = cloud.update(ctx, before, _as_before(before, after, sized))
    if not before.attributes.get(owned.ALONE):
        node = before.attributes[owned.NODE]
        owned.refuse(before, f"accords resize gives its node {node} another size")
    ctx.client.post("service", f"/services/{service}/resize", {"node": before.attributes[owned.NODE], **wish})
    changing = {**rest.attributes, underway.CHANGING: "resize"}
    return replace(rest, mixins=_mixins(before, after, sized), attributes=changing)


def _wish(before: Record, after: Record, sized: Mapping[str, Template]) -> dict[str, int | str]:
    """What of its size is asked for otherwise; what is only left out stays. A new template whose size has a name asks
    for that one: several have the same cores and memory, and one may have less of what no attribute says."""
    for mixin, template in sized.items():
        if mixin not in before.mixins and template.size:
            return {"size": template.size}
    found: dict[str, int | str] = {}
    cores, memory = (after.attributes.get(name) for name in (CORES, MEMORY))
    if isinstance(cores, int) and cores != before.attributes.get(CORES):
        found["cores"] = cores
    if isinstance(memory, int | float) and memory != before.attributes.get(MEMORY):
        found["memory"] = round(memory * GIB)
    return found


def _templates(ctx: Context, before: Record, after: Record) -> Mapping[str, Template]:
    """The resource templates of both, by their mixins."""
    both = tuple(dict.fromkeys((*before.mixins, *after.mixins)))
    with ctx.store.read() as tx:
        known = {mixin: templates.of(tx, ctx.account, [mixin]) for mixin in both}
    found = {mixin: each[RESOURCE] for mixin, each in known.items() if RESOURCE in each}
    here = before.attributes.get(owned.PROVIDER)
    for mixin, template in found.items():
        if mixin not in before.mixins and template.provider != here:
            raise Clash(
                f"{mixin} is a size at {template.provider}; {owned.name_of(before)} is at {here}",
                hint="choose one there",
            )
    return found


def _as_before(before: Record, after: Record, sized: Mapping[str, Template]) -> Record:
    """The change without what it says of the size."""
    former = {name: before.attributes[name] for name in (CORES, MEMORY) if name in before.attributes}
    mixins = (*(each for each in after.mixins if each not in sized), *(each for each in before.mixins if each in sized))
    return replace(after, mixins=mixins, attributes={**after.attributes, **former})


def _mixins(before: Record, after: Record, sized: Mapping[str, Template]) -> tuple[str, ...]:
    """A template that is there still and no longer says its size is taken from it."""
    return tuple(each for each in after.mixins if each not in sized or each not in before.mixins)
