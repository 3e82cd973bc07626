"""The driver: the Protocol's calls, each carried to the module of its noun. No state but the site."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal

from providers.errors import NotFound, ProviderError, Quota, Refused, Unavailable
from providers.local import check, giving, host, lifecycle, looking, machines, making, marking, names, snapshots
from providers.local.programs import Deadline
from providers.local.records import Records
from providers.local.site import Site
from providers.local.things import KINDS, Machine, Snapshot, Thing
from providers.protocol import (
    EVERY,
    USUAL,
    Ability,
    Action,
    ApplicationSpec,
    Instruction,
    Kind,
    OfferedImage,
    OfferedSize,
    Offering,
    Outcome,
    Problem,
    Resource,
    Spec,
)
from providers.rules import refusal, refuse_beyond

# No VLAN and no public addresses: a network's isolation is a bridge of its own, and a node's address leads out by NAT.
ABILITIES = USUAL | {Ability.PACKAGES}
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
TYPES = {kind: type_ for type_, kind in KINDS.items()}


class Local:
    """LXC system containers on this machine. Calls from many threads and processes meet in locks on the home."""

    driver = "local"
    lists = False
    immediate: frozenset[Kind] = frozenset()

    def __init__(self, name: str, site: Site) -> None:
        self.name = name
        self.site = site

    def check(self, *, deadline: float) -> Sequence[Problem]:
        with self._edge("check"):
            return check.problems(self.site, host.read(), Deadline(deadline))

    def offers(self, *, deadline: float) -> Sequence[Offering]:
        """One zone: what this machine has, the image of its own distribution, and saved machines."""
        with self._edge("offers"):
            here = host.read()
            size = OfferedSize(None, here.cores, here.memory, self._room(), here.architecture)
            images = (here.image, *self._saved(here.architecture))
            return [
                Offering(
                    self.site.zone,
                    (size,),
                    images,
                    flexible=True,
                    abilities=ABILITIES,
                    price=Decimal(0),
                    operator=self.site.operator,
                )
            ]

    def create(self, spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        if isinstance(spec, ApplicationSpec):
            raise Refused(f"this machine takes no {spec.category} whole", provider=self.name, thing=spec.name)
        with self._edge(spec.name):
            refuse_beyond(spec, ABILITIES)
        kind, make = making.MAKERS[type(spec)]
        with self._edge(f"{kind}/{spec.name}"):
            if not token:
                raise Refused("a token is needed: it is how what was made is found again")
            self._make_home()
            until = Deadline(deadline)
            return looking.resource(self.site, make(self.site, spec, token, dict(tags), until), until)

    def find(self, kind: Kind, token: str, *, deadline: float) -> Resource | None:
        """None says that nothing is left either: what a kill left of making it or giving it back goes now, because
        nobody who is told that it is not there will ask for it again."""
        id, records = names.identity(self.site.prefix, kind, token), Records(self.site.home)
        if not records.there(kind, id) and self.site.home.is_dir():
            with self._edge(f"{kind}/{id}"):
                giving.tidy(self.site, kind, id, Deadline(deadline))
        return self.observe(kind, id, deadline=deadline) if records.there(kind, id) else None

    def observe(self, kind: Kind, id: str, *, deadline: float) -> Resource:
        """Looking also goes on with what is on its way, should the process that was at it have died."""
        with self._edge(f"{kind}/{id}"):
            self._check(kind, id)
            until, records = Deadline(deadline), Records(self.site.home)
            thing: Thing = records.get(TYPES[kind], id)  # type: ignore[type-var]  # one of the five
            if isinstance(thing, Machine):
                lifecycle.advance(self.site, id, until)
            elif isinstance(thing, Snapshot):
                snapshots.advance(self.site, thing, until)
            return looking.resource(self.site, records.get(TYPES[kind], id), until)  # type: ignore[type-var]  # likewise

    def act(self, kind: Kind, id: str, action: Action, *, deadline: float) -> Resource:
        with self._edge(f"{kind}/{id}"):
            if kind is not Kind.MACHINE:
                raise Refused(f"a {kind} cannot be told to {action}; only machines can")
            self._check(kind, id)
            until = Deadline(deadline)
            lifecycle.act(self.site, id, action, until)
            return looking.resource(self.site, Records(self.site.home).get(Machine, id), until)

    def resize(self, id: str, size: OfferedSize, *, deadline: float) -> Resource:
        """Always Refused: limits are given to a container when it is made."""
        with self._edge(f"machine/{id}"):
            raise refusal(Ability.RESIZE)

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], *, deadline: float) -> Resource:
        with self._edge(f"{kind}/{id}"):
            self._check(kind, id)
            until = Deadline(deadline)
            return looking.resource(self.site, marking.retag(self.site, TYPES[kind], id, tags, until), until)

    def delete(self, kind: Kind, id: str, *, deadline: float) -> None:
        with self._edge(f"{kind}/{id}"):
            if self.site.home.is_dir() and names.is_identity(self.site.prefix, kind, id):
                giving.delete(self.site, kind, id, Deadline(deadline))

    def list(self, tags: Mapping[str, str], *, kinds: Collection[Kind] = EVERY, deadline: float) -> Sequence[Resource]:
        with self._edge("list"):
            until = Deadline(deadline)
            things = (thing for thing in Records(self.site.home) if KINDS[type(thing)] in kinds)
            mine = (thing for thing in things if tags.items() <= dict(thing.tags).items())
            return [looking.resource(self.site, thing, until) for thing in mine]

    def console(self, id: str, *, deadline: float) -> str:
        with self._edge(f"machine/{id}"):
            self._check(Kind.MACHINE, id)
            return machines.console(self.site, Records(self.site.home).get(Machine, id))

    def instruct(self, id: str, instruction: Instruction, *, token: str, deadline: float) -> Outcome | None:
        """Always Refused: nodes call home."""
        with self._edge(f"machine/{id}"):
            raise Refused("nodes of this provider fetch their instructions themselves (delivery `home`)")

    def close(self) -> None:
        """There is nothing to let go of."""

    @contextlib.contextmanager
    def _edge(self, thing: str) -> Iterator[None]:
        """Only our errors cross, each with the instance and the thing."""
        try:
            yield
        except ProviderError as error:
            error.provider = error.provider or self.name
            error.thing = error.thing or thing
            raise
        except FileNotFoundError as error:  # its folder went while we looked: somebody gives it back
            raise NotFound(f"{thing} is gone from this machine", provider=self.name, thing=thing) from error
        except OSError as error:
            said = f"{thing}: {error.strerror} ({error.filename or self.site.home})"
            kind = Quota if error.errno in FULL else Unavailable
            raise kind(
                f"{said}; run `accords providers` to see what is missing", provider=self.name, thing=thing
            ) from error

    def _check(self, kind: Kind, id: str) -> None:
        """NotFound for an id that this provider never gave."""
        if not names.is_identity(self.site.prefix, kind, id):
            raise NotFound(f"there is no {kind} {id!r} on this machine")

    def _make_home(self) -> None:
        for folder in (self.site.home, self.site.cache):
            folder.mkdir(mode=0o711, parents=True, exist_ok=True)

    def _saved(self, architecture: str) -> Iterator[OfferedImage]:
        for snapshot in Records(self.site.home).all(Snapshot).values():
            if snapshot.done:
                yield OfferedImage(snapshot.id, snapshot.spec.name, architecture=architecture)

    def _room(self) -> int:
        """Bytes free where nodes' disks are."""
        place = next(folder for folder in (self.site.home, *self.site.home.parents) if folder.is_dir())
        return shutil.disk_usage(place).free
