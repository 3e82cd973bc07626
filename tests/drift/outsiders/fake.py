"""At the fake cloud, in memory or as a server: what it has for tests, by a client of its own."""

from __future__ import annotations

from collections.abc import Mapping

from providers.fake import Fake, Knobs
from providers.fake.remote import RemoteFake
from providers.protocol import Resource, State, VolumeSpec

SIZES = Knobs().sizes


class Anybody:
    def __init__(self, cloud: Fake | RemoteFake) -> None:
        self.cloud = cloud

    def delete(self, thing: Resource) -> None:
        self.cloud.lose(thing.kind, thing.id)

    def stop(self, machine: Resource) -> None:
        self.cloud.turn(machine.id, State.STOPPED)

    def resize(self, machine: Resource) -> None:
        self.cloud.reshape(machine.id, next(each for each in SIZES if each.name != machine.facts["size"]))

    def mark(self, thing: Resource, tags: Mapping[str, str]) -> None:
        self.cloud.mark(thing.kind, thing.id, tags)

    def leave(self, name: str, tags: Mapping[str, str]) -> None:
        self.cloud.create(VolumeSpec(name, 1024**3), token=name, tags=tags, deadline=10)
