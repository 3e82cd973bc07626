"""What a request asks for, checked against its kind and mixins, as the entity that comes of it (CORE-05 to CORE-08,
ENT-03 to ENT-12). Whether the entities it refers to exist is the caller's question: it has the store."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace as changed

from broker.occi.drafts import path
from broker.occi.errors import Denied, Malformed, Unfit
from broker.occi.grammar import uri
from broker.occi.mixing import agreed, defaults, overriding
from broker.occi.model import Attribute, Draft, Entity, Kind, Value, bare_id
from broker.occi.registry import Registry
from broker.occi.values import typed

_STATES = (".state", ".state.message")


def create(
    registry: Registry,
    draft: Draft,
    new_id: Callable[[], str],
    *,
    at: Kind | None = None,
    older: bool = False,
) -> Entity:
    """The new entity, with its inline links as `links`.

    `at` is the kind whose location the request went to (COL-04). The draft's id is the entity's when it is a uuid; who
    has a store asks `identified` first. In 1.1 mode, `older`, states that a client sends are left out (ENT-06).
    Unknown, Malformed or Denied when the draft breaks a rule.
    """
    kind = _kind_of_new(registry, draft, at)
    mixins = agreed(registry, kind, (), draft.mixins)
    definitions = registry.definitions(kind.id, mixins)
    given = typed(definitions, _without_states(definitions, draft) if older else draft.attributes)
    _refuse_changes(definitions, given, defaults(definitions))
    entity = Entity(
        kind=kind.id,
        id=_uuid(draft.id) or new_id(),
        title=draft.title,
        summary=draft.summary,
        mixins=mixins,
        attributes=_settled(definitions, {}, given, overriding(registry, mixins)),
    )
    if registry.is_link(kind.id):
        return _joined(entity, draft)
    _refuse_ends(draft)
    return changed(entity, links=_inline(registry, entity, draft, new_id, older=older))


def identified(draft: Draft, free: Callable[[str, str], bool], new_id: Callable[[], str]) -> Draft:
    """The draft and its inline links with the ids that they will have: the client's own, said as an id or in the path
    it would like, when that is a uuid and `free(kind, id)`; a new one otherwise, never an error (ENT-11, ENT-12)."""
    wished = _uuid(draft.id) or _uuid(path(draft.location or "").rpartition("/")[2])
    return changed(
        draft,
        id=wished if wished and free(draft.kind or "", wished) else new_id(),
        links=tuple(identified(each, free, new_id) for each in draft.links),
    )


def replace(registry: Registry, current: Entity, draft: Draft) -> Entity:
    """PUT: what is mutable and absent is removed, server-managed attributes and links stay (ENT-04 to ENT-06)."""
    kind = _kind_of(registry, current, draft)
    mixins = agreed(registry, kind, current.mixins, draft.mixins, keep=False)
    definitions = registry.definitions(kind.id, mixins)
    given = _changes(definitions, current, draft, _once(registry, current))
    kept = {name: value for name, value in current.attributes.items() if _is_kept(definitions.get(name))}
    added = tuple(name for name in mixins if name not in current.mixins)
    return changed(
        current,
        title=draft.title,
        summary=draft.summary,
        mixins=mixins,
        attributes=_settled(definitions, kept, given, overriding(registry, added)),
    )


def update(registry: Registry, current: Entity, draft: Draft, new_id: Callable[[], str]) -> Entity:
    """POST: only what is said changes; mixins and links are added (ENT-07). New links come last in `links`."""
    kind = _kind_of(registry, current, draft)
    if draft.links and registry.is_link(kind.id):
        raise Malformed(f"{current.id} is a link: it has no links of its own.", term=kind.id)
    mixins = agreed(registry, kind, current.mixins, draft.mixins)
    definitions = registry.definitions(kind.id, mixins)
    given = _changes(definitions, current, draft, _once(registry, current))
    kept = {name: value for name, value in current.attributes.items() if name in definitions}
    added = tuple(name for name in mixins if name not in current.mixins)
    return changed(
        current,
        title=current.title if draft.title is None else draft.title,
        summary=current.summary if draft.summary is None else draft.summary,
        mixins=mixins,
        attributes=_settled(definitions, kept, given, overriding(registry, added)),
        links=current.links + _inline(registry, current, draft, new_id),
    )


def without_mixin(registry: Registry, current: Entity, mixin: str) -> Entity:
    """The entity without the mixin and those that depend on it, and without the attributes only they defined
    (CORE-26). The same entity if it has none of them."""
    gone = registry.mixins_below(mixin) | {mixin}
    mixins = tuple(name for name in current.mixins if name not in gone)
    definitions = registry.definitions(current.kind, mixins)
    kept = {name: value for name, value in current.attributes.items() if name in definitions}
    return changed(current, mixins=mixins, attributes=kept)


def _kind_of_new(registry: Registry, draft: Draft, at: Kind | None) -> Kind:
    if draft.kind is None:
        raise Malformed("The request names no kind.", hint='Category: term; scheme="…#"; class="kind"')
    kind = registry.kind(draft.kind)
    if at is not None and kind.id not in registry.kinds_below(at.id):
        raise Malformed(f"{kind.id} is not made at {at.location}.", hint=f"Its place is {kind.location}.", term=kind.id)
    if kind.abstract:
        raise Malformed(f"Kind {kind.id} is abstract.", hint="Name one of the kinds below it.", term=kind.id)
    return kind


def _kind_of(registry: Registry, current: Entity, draft: Draft) -> Kind:
    """CORE-10: an entity has one kind for its whole life."""
    if draft.kind not in (None, current.kind):
        raise Unfit(f"{current.id} is a {current.kind} and stays one.", term=draft.kind)
    return registry.kind(current.kind)


def _uuid(said: str | None) -> str | None:
    try:
        return str(uuid.UUID(bare_id(said or "")))
    except ValueError:
        return None


def _once(registry: Registry, current: Entity) -> frozenset[str]:
    """What could be given when the entity was made, or got its mixins, and only then."""
    known = registry.definitions(current.kind, current.mixins)
    return frozenset(name for name, definition in known.items() if definition.once)


def _changes(
    definitions: Mapping[str, Attribute], current: Entity, draft: Draft, once: frozenset[str]
) -> dict[str, Value]:
    """The given values that may be written; Denied when one, or an end of a link, may not."""
    given = typed(definitions, _without_states(definitions, draft))
    _refuse_changes(definitions, given, current.attributes, once)
    for name in ("source", "target"):
        said = getattr(draft, name)
        if said is not None and path(said) != path(getattr(current, name) or ""):
            raise Denied(f"The {name} of {current.id} does not change.", term=f"occi.core.{name}")
    return given


def _without_states(definitions: Mapping[str, Attribute], draft: Draft) -> dict[str, Value]:
    return {name: value for name, value in draft.attributes.items() if not _is_state(definitions.get(name))}


def _is_state(definition: Attribute | None) -> bool:
    """A state that a client sends back is ignored: it may have changed since it was read (ENT-06)."""
    return definition is not None and not definition.mutable and definition.name.endswith(_STATES)


def _is_kept(definition: Attribute | None) -> bool:
    """What a PUT does not take away: the server's own, and what is given once."""
    return definition is not None and (definition.once or not definition.mutable)


def _refuse_changes(
    definitions: Mapping[str, Attribute],
    given: Mapping[str, Value],
    current: Mapping[str, Value],
    once: frozenset[str] = frozenset(),
) -> None:
    """CORE-06: an immutable attribute may be repeated, never changed; nor one of `once`, whose time is over."""
    for name, value in given.items():
        if (not definitions[name].mutable or name in once) and current.get(name) != value:
            raise Denied(f"Attribute {name} is immutable.", hint="Only the server writes it.", term=name)


def _settled(
    definitions: Mapping[str, Attribute],
    kept: Mapping[str, Value],
    given: Mapping[str, Value],
    forced: Mapping[str, Value],
) -> dict[str, Value]:
    """The attributes in the order of their definitions: a template's, else the client's, else what was, else the
    default (CORE-08, INF-31); Malformed when one that is required has no value."""
    values = {**defaults(definitions), **kept, **given, **forced}
    for definition in definitions.values():
        if definition.required and definition.name not in values:
            raise Malformed(f"Attribute {definition.name} is required.", term=definition.name)
    return {name: values[name] for name in definitions if name in values}


def _joined(link: Entity, draft: Draft) -> Entity:
    """CORE-42: a link has a source and a target, and no links."""
    for name in ("source", "target"):
        if not getattr(draft, name):
            raise Malformed(f"A link needs a {name}.", term=f"occi.core.{name}")
    for said in (draft.source, draft.target, draft.source_kind, draft.target_kind):
        if said is not None:
            uri(said)
    if draft.links:
        raise Malformed("A link has no links of its own.", term=link.kind)
    return changed(
        link,
        source=draft.source,
        target=draft.target,
        source_kind=draft.source_kind,
        target_kind=draft.target_kind,
    )


def _refuse_ends(draft: Draft) -> None:
    for name in ("source", "target"):
        if getattr(draft, name) is not None:
            raise Malformed(f"A resource has no {name}.", term=f"occi.core.{name}")


def _inline(
    registry: Registry, entity: Entity, draft: Draft, new_id: Callable[[], str], *, older: bool = False
) -> tuple[Entity, ...]:
    """The links a resource's request brings along (COL-10); their source is the resource (ENT-12)."""
    source = registry.path(entity.kind, entity.id)
    return tuple(
        create(registry, changed(each, source=source, source_kind=entity.kind), new_id, older=older)
        for each in draft.links
    )
