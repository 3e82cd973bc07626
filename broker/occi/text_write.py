"""Values -> the lines of the text rendering (GFD.229). text/plain and text/occi differ only in how lines are carried.

Field order, blanks and quotes are part of the grammar for the clients there are (TXT-01): `term; scheme="…";
class="…"; title; rel; location; attributes; actions`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from broker.occi.lifecycle import applicable
from broker.occi.model import RESOURCE, Action, Attribute, Category, Entity, Kind, Mixin, split_type
from broker.occi.quoting import quoted, written
from broker.occi.registry import Registry


@lru_cache(maxsize=4096)
def short(type_id: str, class_: str) -> str:
    """A category as entities show it: term, scheme and class only (TXT-07)."""
    scheme, term = split_type(type_id)
    return f'{term}; scheme="{scheme}"; class="{class_}"'


def entity_categories(entity: Entity) -> list[str]:
    """The kind first, then the mixins (TXT-17)."""
    return [short(entity.kind, "kind"), *(short(name, "mixin") for name in entity.mixins)]


def entity_links(registry: Registry, entity: Entity) -> list[str]:
    """The applicable actions before the resource's links (ACT-07)."""
    path = registry.path(entity.kind, entity.id)
    actions = [f'<{path}?action={each.term}>; rel="{each.id}"' for each in applicable(registry, entity)]
    return [*actions, *(_link(registry, each) for each in entity.links)]


def entity_attributes(entity: Entity) -> list[str]:
    """`name=value`, the core's own first; the id always (TXT-17)."""
    found = [f"{name}={quoted(value)}" for name, value in _core(entity)]
    found += [f"{name}={written(value)}" for name, value in entity.attributes.items()]
    return found


def _core(entity: Entity) -> Iterator[tuple[str, str]]:
    yield "occi.core.id", f"urn:uuid:{entity.id}"
    if entity.title is not None:
        yield "occi.core.title", entity.title
    if entity.summary is not None:
        yield "occi.core.summary", entity.summary
    if entity.source is not None:
        yield "occi.core.source", entity.source
    if entity.target is not None:
        yield "occi.core.target", entity.target


def _link(registry: Registry, link: Entity) -> str:
    """A link within its source's rendering, with all that pOCCI, rOCCI and IM look for (TXT-08, TXT-17)."""
    target = link.target or ""
    fields = [
        f"<{target}>",
        f'rel="{target_kind(registry, link)}"',
        f'self="{registry.path(link.kind, link.id)}"',
        f'category="{" ".join((link.kind, *link.mixins))}"',
        *entity_attributes(link),
    ]
    return "; ".join(fields)


def target_kind(registry: Registry, link: Entity) -> str:
    """The kind of what the link leads to: as stored, as its path says, or just a resource (TXT-08)."""
    if link.target_kind:
        return link.target_kind
    found = registry.locate(link.target or "")
    return found[0].id if found else RESOURCE


def category(registry: Registry, each: Category) -> str:
    """A category in full, as the query interface has it."""
    fields = [short(each.id, _class(each))]
    if each.title:
        fields.append(f"title={quoted(each.title)}")
    if rel := _rel(each):
        fields.append(f'rel="{rel}"')
    if not isinstance(each, Action) and each.location:
        fields.append(f'location="{each.location}"')
    if names := " ".join(_property(item) for item in _attributes(registry, each)):
        fields.append(f'attributes="{names}"')
    if actions := " ".join(_actions(registry, each)):
        fields.append(f'actions="{actions}"')
    return "; ".join(fields)


def _class(each: Category) -> str:
    return type(each).__name__.lower()


def _rel(each: Category) -> str | None:
    """A kind's parent, a mixin's first dependency (TXT-06)."""
    if isinstance(each, Kind):
        return each.parent
    return each.depends[0] if isinstance(each, Mixin) and each.depends else None


def _attributes(registry: Registry, each: Category) -> tuple[Attribute, ...]:
    """Inherited ones too for kinds (CORE-13)."""
    return tuple(registry.definitions(each.id).values()) if isinstance(each, Kind) else each.attributes


def _actions(registry: Registry, each: Category) -> tuple[str, ...]:
    if isinstance(each, Kind):
        return tuple(registry.actions_of(each.id))
    return each.actions if isinstance(each, Mixin) else ()


def _property(attribute: Attribute) -> str:
    """`name{immutable required}`; nothing else can be said in text (TXT-05)."""
    said = [word for word, holds in (("immutable", not attribute.mutable), ("required", attribute.required)) if holds]
    return f"{attribute.name}{{{' '.join(said)}}}" if said else attribute.name
