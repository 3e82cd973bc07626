"""The Provider that an account at any of libcloud's clouds is: the Protocol's calls, each told in the room of its kind.
Only our errors leave."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

import httpx
from libcloud.compute.providers import DRIVERS, get_driver

from providers.adapter import Wire
from providers.edge import about, called, whole
from providers.errors import Auth, Refused, Unavailable
from providers.libcloud import check, machines, offers, retagging, rooms
from providers.libcloud.account import Account, Session
from providers.libcloud.errors import translating
from providers.libcloud.ledger import Ledger
from providers.libcloud.looking import TOKEN, one
from providers.libcloud.options import Options
from providers.libcloud.pool import NodeDriver, Pool
from providers.libcloud.wire import bind, sending
from providers.prices import prices
from providers.protocol import (
    EVERY,
    KINDS,
    Ability,
    Action,
    Instruction,
    Kind,
    OfferedSize,
    Offering,
    Outcome,
    Problem,
    Resource,
    Spec,
)
from providers.rules import refusal, refuse_beyond, undelivered
from providers.transport import connections

T = TypeVar("T")


def opened(name: str, cloud: str, options: Options) -> LibCloud:
    """The instance `name`. Refused where libcloud has no such driver."""
    if cloud not in DRIVERS:
        known = ", ".join(sorted(map(str, DRIVERS)))
        raise Refused(f"provider {name}: libcloud has no driver {cloud!r}; there are {known}", provider=name)
    bind()
    maker = get_driver(cloud)
    given = [each.get_secret_value() for each in (options.key, options.secret) if each is not None]
    context = ssl.create_default_context(cafile=str(options.cacert)) if options.cacert else options.verify
    client = httpx.Client(transport=connections(verify=context), trust_env=False)
    path = options.home / f"{name}.sqlite" if options.home else None
    account = Account(cloud, options, Ledger(path))
    return LibCloud(name, account, lambda: maker(*given, **options.account), Wire(client, name), prices(options.prices))


class LibCloud:
    """Threads may share it. `make` makes one of libcloud's driver objects."""

    lists = True
    immediate: frozenset[Kind] = frozenset({Kind.NETWORK})

    def __init__(
        self, name: str, account: Account, make: Callable[[], NodeDriver], wire: Wire, prices: Mapping[str, Decimal]
    ) -> None:
        self.name = name
        self.driver = f"libcloud:{account.cloud}"
        self._account = account
        self._pool = Pool(make, account.options.most)
        self._wire = wire
        self._prices = prices

    def check(self, *, deadline: float) -> Sequence[Problem]:
        return self._call("check", deadline, check.problems)

    def offers(self, *, deadline: float) -> Sequence[Offering]:
        return self._call("offers", deadline, lambda session: offers.offers(session, self._prices))

    def create(self, spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        kind = KINDS[type(spec)]

        def made(session: Session) -> Resource:
            refuse_beyond(spec, offers.abilities(session))
            with self._account.turns.held(f"{kind}/{token}", session.call.clock.left()):
                return rooms.made(session, kind, spec, {**tags, TOKEN: token})

        return self._call(f"{kind}/{spec.name}", deadline, made)

    def find(self, kind: Kind, token: str, *, deadline: float) -> Resource | None:
        return self._call(f"{kind}/{token}", deadline, lambda session: rooms.found(session, kind, token))

    def observe(self, kind: Kind, id: str, *, deadline: float) -> Resource:
        return self._call(f"{kind}/{id}", deadline, lambda session: rooms.observed(session, kind, id))

    def act(self, kind: Kind, id: str, action: Action, *, deadline: float) -> Resource:
        def acted(session: Session) -> Resource:
            if kind is not Kind.MACHINE:
                raise Refused(f"a {kind} cannot be told to {action}; only machines can")
            machines.act(session, id, action)
            return rooms.observed(session, kind, id)

        return self._call(f"{kind}/{id}", deadline, acted)

    def resize(self, id: str, size: OfferedSize, *, deadline: float) -> Resource:
        with about(self.name, f"machine/{id}"):
            raise refusal(Ability.RESIZE)

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], *, deadline: float) -> Resource:
        def retagged(session: Session) -> Resource:
            retagging.retag(session, kind, one(session, rooms.room_of(session, kind, id), id), tags)
            return rooms.observed(session, kind, id)

        return self._call(f"{kind}/{id}", deadline, retagged)

    def delete(self, kind: Kind, id: str, *, deadline: float) -> None:
        self._call(f"{kind}/{id}", deadline, lambda session: rooms.deleted(session, kind, id))

    def list(self, tags: Mapping[str, str], *, kinds: Collection[Kind] = EVERY, deadline: float) -> Sequence[Resource]:
        return self._call("list", deadline, lambda session: rooms.listed(session, tags, kinds))

    def console(self, id: str, *, deadline: float) -> str:
        def told(session: Session) -> str:
            if Ability.CONSOLE not in offers.abilities(session):
                raise refusal(Ability.CONSOLE)
            answer = session.ask(
                "ex_get_console_output", one(session, rooms.room_of(session, Kind.MACHINE, id), id).own
            )
            return str((answer.get("output") if isinstance(answer, Mapping) else answer) or "")

        return self._call(f"machine/{id}", deadline, told)

    def instruct(self, id: str, instruction: Instruction, *, token: str, deadline: float) -> Outcome | None:
        with about(self.name, f"machine/{id}"):
            raise undelivered(self._account.options.delivery)

    def close(self) -> None:
        self._wire.close()
        self._account.ledger.close()

    def _call(self, thing: str, deadline: float, does: Callable[[Session], T]) -> T:
        """One call, with a driver object for it alone. Where the credential of one that was used before is refused,
        what it had logged in with may have ended: it is done once more, with another object."""
        with about(self.name, thing), called(deadline) as call, whole(call), sending(self._wire) as heard:
            if not call.clock.left():
                raise Unavailable("no time was left to ask the cloud")
            with self._pool.lent(call.clock) as loan, translating(heard):
                session = Session(self._account, loan, call, heard)
                try:
                    return does(session)
                except Auth:
                    if not loan.used:
                        raise
                    loan.renew()
                return does(session)
