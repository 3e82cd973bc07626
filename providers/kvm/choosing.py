"""What a machine's specification names, as it is at the host. All of it is looked at before anything is made."""

from __future__ import annotations

from dataclasses import dataclass

from providers.errors import Conflict, NotFound, Refused
from providers.kvm import domains, names, storage
from providers.kvm.hardware import MOST
from providers.kvm.images import Image, image
from providers.kvm.options import Options
from providers.kvm.recorded import Recorded
from providers.kvm.wire import Session
from providers.protocol import MachineSpec, OfferedSize


@dataclass(frozen=True, slots=True)
class Choice:
    """`volumes` are (id, path); `filter` is the name of the firewall's; `key` a public key in one line."""

    size: OfferedSize
    image: Image
    volumes: tuple[tuple[str, str], ...]
    filter: str
    key: str


@dataclass(frozen=True, slots=True)
class Choosing:
    options: Options
    firewalls: Recorded
    keys: Recorded

    def choice(self, session: Session, spec: MachineSpec, id: str) -> Choice:
        """Refused, NotFound or Conflict where something cannot be had."""
        if spec.zone not in {None, self.options.zone}:
            raise Refused(f"there is no zone {spec.zone!r} here; there is {self.options.zone}")
        if len(spec.volumes) > MOST:
            raise Refused(f"machine {spec.name} has {len(spec.volumes)} volumes; it can have {MOST}")
        return Choice(
            size_of(spec, self.options),
            image(session, self.options, spec.image),
            tuple((each.volume, self._volume(session, each.volume, id)) for each in spec.volumes),
            self._filter(session, spec.firewall) if spec.firewall else "",
            str(self.keys.marks(session, spec.key).more["key"]) if spec.key else "",
        )

    def _filter(self, session: Session, firewall: str) -> str:
        return names.shown(self.firewalls.marks(session, firewall).name, firewall)

    def _volume(self, session: Session, volume: str, id: str) -> str:
        """Its path. Conflict where another machine has it."""
        try:
            where = storage.pool(session, self.options.pool)
            path = session.ask(storage.look(session, where, names.file(volume, "volume")).path)
        except NotFound as error:
            raise NotFound(f"there is no volume {volume}") from error
        if others := [each for each in domains.users(session, path) if each != id]:
            raise Conflict(f"volume {volume} is in machine {others[0]}")
        return path


def size_of(spec: MachineSpec, options: Options) -> OfferedSize:
    """The size that is asked for. Refused where there is none of that name."""
    if not options.sizes:
        if spec.size is not None:
            raise Refused(f"there is no size {spec.size!r}: sizes are flexible here")
        return OfferedSize(None, spec.cores, spec.memory, spec.disk)
    own = options.sizes.get(spec.size or "")
    if own is None:
        raise Refused(f"there is no size {spec.size!r}; there are {', '.join(options.sizes)}")
    return OfferedSize(spec.size, own.cores, own.memory, max(own.disk, spec.disk))
