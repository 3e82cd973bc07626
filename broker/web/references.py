"""Between what is stored and what OCCI shows. Pure.

A stored reference to an entity is `<kind's type id> <uuid>`, so that moving a host changes no row; an address outside
this installation is stored as it is. At the edge it becomes a path of this row, or an absolute address of another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, urlsplit

from broker.occi.errors import Malformed, Unknown
from broker.occi.model import Entity, Kind
from broker.occi.registry import Registry
from broker.store import Record


def reference(kind: str, id: str) -> str:
    """The stored form: kind and id, so that moving a host changes no row."""
    return f"{kind} {id}"


@dataclass(frozen=True, slots=True)
class References:
    """`everything` knows the kinds of all rows; `homes` is each kind's row's public address; `own` this row's."""

    everything: Registry
    homes: Mapping[str, str]
    own: str

    def shown(self, registry: Registry, stored: str) -> str:
        """A stored reference as a path of this row, or an absolute address."""
        kind, blank, id = stored.partition(" ")
        if not blank:
            return stored
        if kind in registry.kinds:
            return registry.path(kind, id)
        if kind in self.homes:
            return self.homes[kind] + self.everything.path(kind, id)
        return f"urn:uuid:{id}"

    def stored(self, registry: Registry, uri: str, *, host: str = "") -> str:
        """A path or address as it is stored. Unknown for a path of this row that leads nowhere (CORE-44), Malformed
        for what is no address. `host` is what the client calls this row."""
        address = _split(uri)
        origin = f"{address.scheme}://{address.netloc}"
        here = not address.netloc or address.netloc == host or origin == self.own
        found = registry.locate(address.path) if here else None
        if found is None:
            found = self._of_another(self.own if here else origin, address.path)
        if found is not None:
            return reference(found[0].id, found[1])
        if here:
            raise Unknown(f"There is no entity at {uri}.", term=uri)
        return uri

    def _of_another(self, origin: str, path: str) -> tuple[Kind, str] | None:
        """The entity of another row at a path of an origin; it may be this row's own, where all rows have just one."""
        found = self.everything.locate(path)
        return found if found is not None and self.homes.get(found[0].id) == origin else None

    def entity(self, registry: Registry, record: Record, links: Sequence[Record] = ()) -> Entity:
        """A record as the OCCI core has it: without what is shown to nobody."""
        secret = registry.secrets(record.kind)
        attributes = record.attributes
        if secret:
            attributes = {name: value for name, value in attributes.items() if name not in secret}
        found = Entity(
            kind=record.kind,
            id=record.id,
            title=record.title or None,
            summary=record.summary or None,
            mixins=record.mixins,
            attributes=attributes,
            links=tuple(self.entity(registry, link) for link in links) if links else (),
        )
        return found if record.source is None else self._joined(registry, record, found)

    def _joined(self, registry: Registry, record: Record, link: Entity) -> Entity:
        source, target = record.source or "", record.target or ""
        return replace(
            link,
            source=self.shown(registry, source),
            target=self.shown(registry, target),
            source_kind=_kind(source),
            target_kind=_kind(target),
        )


def _kind(stored: str) -> str | None:
    kind, blank, _ = stored.partition(" ")
    return kind if blank else None


def _split(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError as error:
        raise Malformed(f"{uri[:80]!r} is no address.", term=uri[:80]) from error
