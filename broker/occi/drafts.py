"""What was said in text -> what it says about an entity: which category is the kind, which links are real ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from broker.occi.errors import Malformed
from broker.occi.model import INFRASTRUCTURE, LINK, Draft, Invocation, Mixin, Value, bare_id, split_type
from broker.occi.registry import Registry
from broker.occi.text_read import Said, SaidCategory, SaidLink

# TXT-16: the core's own attributes are members of an entity, whatever the rendering calls them
CORE_MEMBERS: Mapping[str, str] = {
    "occi.core.id": "id",
    "occi.core.title": "title",
    "occi.core.summary": "summary",
    "occi.core.source": "source",
    "occi.core.target": "target",
    "occi.core.source.kind": "source_kind",
    "occi.core.target.kind": "target_kind",
}
LEADING: Mapping[str, str] = {
    INFRASTRUCTURE + "network": INFRASTRUCTURE + "networkinterface",
    INFRASTRUCTURE + "storage": INFRASTRUCTURE + "storagelink",
}
"""What a link leads to -> the kind of link that alone does."""


def entity(registry: Registry, said: Said) -> Draft:
    """The one entity a text request describes (COL-06); Malformed for two kinds or an action, Unknown for a category
    without class that nobody defined."""
    kind, mixins = _types(registry, said.categories)
    core, rest = members(said.attributes)
    links = tuple(_link(registry, each) for each in said.links if not _is_action(each))
    return Draft(kind=kind, mixins=mixins, attributes=rest, links=links, **core)


def _types(registry: Registry, categories: Iterable[SaidCategory]) -> tuple[str | None, tuple[str, ...]]:
    kinds: list[str] = []
    mixins: list[str] = []
    for each in categories:
        class_ = each.class_ or _class(registry, each.id)
        if class_ not in ("kind", "mixin"):
            raise Malformed(f"Category {each.id} is no kind or mixin: an entity has no {class_}.", term=each.id)
        (kinds if class_ == "kind" else mixins).append(each.id)
    if len(set(kinds)) > 1:
        raise Malformed(f"An entity has one kind, not {' and '.join(kinds)}.", term=kinds[1])
    return (kinds[0] if kinds else None), tuple(dict.fromkeys(mixins))


def _class(registry: Registry, type_id: str) -> str:
    return type(registry.category(type_id)).__name__.lower()


def _is_action(link: SaidLink) -> bool:
    """TXT-09. Clients that send back what they got send these too: left out (ENT-05)."""
    return not link.category and "?action=" in link.uri


def _link(registry: Registry, said: SaidLink) -> Draft:
    """An inline link (COL-10): its target is the URI in <>, whatever occi.core.target says (ENT-12). One without a
    category is of the kind that leads to its `rel`; clients of ooi write anything in <>, and mean occi.core.target."""
    core, rest = members(said.attributes)
    to = said.rel[0] if said.rel else None
    kinds = [each for each in said.category if each in registry.kinds]
    kind = kinds[0] if kinds else (said.category[0] if said.category else LEADING.get(to or "", LINK))
    mixins = tuple(each for each in said.category if each != kind)
    meant = said.uri if said.category or kind == LINK else core.get("target", said.uri)
    found = {**core, "target": meant, "target_kind": to}
    return Draft(kind=kind, mixins=mixins, attributes=rest, location=said.self or None, **found)


def members(attributes: Mapping[str, Value]) -> tuple[dict[str, Any], dict[str, Value]]:
    """(the core's own as Draft's members, the rest); Malformed when one of the core's is no string."""
    core: dict[str, Any] = {}
    rest: dict[str, Value] = {}
    for name, value in attributes.items():
        if name not in CORE_MEMBERS:
            rest[name] = value
        elif isinstance(value, str):
            core[CORE_MEMBERS[name]] = bare_id(value) if name == "occi.core.id" else value
        else:
            raise Malformed(f"Attribute {name} is a string.", hint=f'{name}="value"', term=name)
    return core, rest


def invocation(said: Said) -> Invocation:
    """An action and its parameters (ACT-01); without a category only the URL's term names it, as CORDS clients do."""
    if len(said.categories) > 1:
        raise Malformed("One action at a time can be invoked.", term=said.categories[1].id)
    return Invocation(said.categories[0].id if said.categories else None, said.attributes)


def mixin(said: SaidCategory) -> Mixin:
    """A user's mixin as it is registered (QI-06); Malformed for a kind, an action, or own attributes and actions."""
    if said.class_ not in ("", "mixin"):
        raise Malformed(f"Category {said.id}: only mixins can be added.", term=said.id)
    if said.defines:
        raise Malformed(f"Mixin {said.id}: a user's mixin has neither attributes nor actions.", term=said.id)
    scheme, term = split_type(said.id)
    return Mixin(scheme, term, said.title, depends=said.rel, location=path(said.location), user=True)


def path(uri: str) -> str:
    """The path of a URI or path; Malformed for what is neither."""
    try:
        return urlsplit(uri).path
    except ValueError as error:
        raise Malformed(f"{uri[:80]!r} is no URI.", term=uri[:80]) from error
