"""Resources on disk: `<home>/records/<kind>/<id>.json`, each written whole or not at all."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from providers.errors import NotFound
from providers.local import whole
from providers.local.things import KINDS, Firewall, Machine, Network, Snapshot, Thing, Things, Volume
from providers.protocol import Kind

T = TypeVar("T", Network, Firewall, Volume, Machine, Snapshot)

ADAPTERS: Mapping[Kind, TypeAdapter[Any]] = {kind: TypeAdapter(type_) for type_, kind in KINDS.items()}


class Records:
    """The records of one home. A record has one writer at a time: who makes or drops it holds the home's lock, who
    changes a machine's holds the machine's, and a snapshot's is changed by its job. Reading needs no lock."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "records"

    def get(self, type_: type[T], id: str) -> T:
        """NotFound when there is none."""
        kind = KINDS[type_]
        found = self._read(kind, self._path(kind, id))
        if found is None:
            raise NotFound(f"there is no {kind} {id} on this machine", thing=f"{kind}/{id}")
        return cast(T, found)

    def there(self, kind: Kind, id: str) -> bool:
        return self._path(kind, id).is_file()

    def all(self, type_: type[T]) -> dict[str, T]:
        """By id, in the order of ids."""
        kind = KINDS[type_]
        paths = sorted((self._folder / kind).glob("*.json"))
        return {found.id: cast(T, found) for path in paths if (found := self._read(kind, path))}

    def things(self) -> Things:
        return Things(self.all(Network), self.all(Firewall), self.all(Volume), self.all(Machine), self.all(Snapshot))

    def put(self, thing: Thing) -> None:
        """Durable when it returns: a machine that was made and forgotten could not be given back."""
        kind = KINDS[type(thing)]
        path = self._path(kind, thing.id)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole.write(path, ADAPTERS[kind].dump_json(thing, indent=1))

    def drop(self, kind: Kind, id: str) -> None:
        """With what a killed writer left of it; nothing when there is none. Folders that are empty go too."""
        whole.remove(self._path(kind, id))
        for folder in (self._folder / kind, self._folder):
            with contextlib.suppress(OSError):  # it is not empty, or was never made
                folder.rmdir()

    def __iter__(self) -> Iterator[Thing]:
        found = self.things()
        for things in (found.networks, found.firewalls, found.volumes, found.machines, found.snapshots):
            yield from things.values()

    def _path(self, kind: Kind, id: str) -> Path:
        # an id that is longer than a file's name may be is nobody's; cut, it is that of nothing
        return self._folder / kind / f"{Path(id).name[:200] or '-'}.json"

    def _read(self, kind: Kind, path: Path) -> Thing | None:
        with contextlib.suppress(FileNotFoundError):
            return cast(Thing, ADAPTERS[kind].validate_python(json.loads(path.read_bytes())))
        return None
