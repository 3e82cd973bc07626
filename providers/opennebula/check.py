"""What keeps an OpenNebula site from working for us, and how to mend it; and why an empty list is believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial

from providers.errors import Auth, NotFound, ProviderError, Unavailable
from providers.opennebula.documents import Element, number, read, word
from providers.opennebula.images import pool
from providers.opennebula.members import machines
from providers.opennebula.networks import OWN
from providers.opennebula.offers import offers
from providers.opennebula.options import NUMBERED, Options
from providers.opennebula.wire import Session
from providers.protocol import Kind, Problem

_MACHINES = ("VM_QUOTA/VM/VMS_USED", machines)
_IMAGES = ("DATASTORE_QUOTA/DATASTORE/IMAGES_USED", lambda session: list(pool(session, OWN)))
COUNTED: Mapping[Kind, tuple[str, Callable[[Session], Sequence[Element]]]] = {
    Kind.MACHINE: _MACHINES,
    Kind.ADDRESS: _MACHINES,
    Kind.VOLUME: _IMAGES,
    Kind.SNAPSHOT: _IMAGES,
}
"""Where an account's own record counts things of a kind, and the pool that shows them, whoever's mark they carry."""


def problems(session: Session, options: Options, prices: Mapping[str, Decimal]) -> Sequence[Problem]:
    """Everything that is missing; only the login where that does not work."""
    refused = _said(lambda: session.ask("user.info", -1))
    if refused:
        mend = "correct `username` and `password`, or the file that ONE_AUTH names"
        return [Problem(refused.message, mend if isinstance(refused, Auth) else "see that `url` is reached from here")]
    return [*_networks(session, options), *_offers(session, options, prices)]


def _networks(session: Session, options: Options) -> Iterator[Problem]:
    """The networks that the settings name."""
    for name in ("parent", "network", "public"):
        id = getattr(options, name)
        refused = _said(partial(_network, session, id)) if id is not None else None
        if refused:
            yield Problem(f"network {id}: {refused.message}", f"correct `{name}` in the provider's options")
    if options.vn_mad in NUMBERED - {"ovswitch"} and not options.phydev and options.parent is None:
        yield Problem(f"networks by {options.vn_mad} need an interface of the hosts", "set `phydev`")


def _offers(session: Session, options: Options, prices: Mapping[str, Decimal]) -> Iterator[Problem]:
    try:
        found = offers(session, options, prices)
    except ProviderError as error:
        yield Problem(error.message, "see that this account may use clusters, templates and images")
        return
    if not any(each.images for each in found):
        yield Problem("there are no images of systems", "upload one: `oneimage create --type OS`")
    known = {alias for each in found for image in each.images for alias in image.aliases}
    for alias in sorted(options.images.keys() - known):
        yield Problem(f"image {alias} is {options.images[alias]}, which is not there", "correct it in `images`")
    for what in ("machines", "cores"):
        if found[0].left.get(what) == 0:
            yield Problem(f"the quota of {what} is used up", "give something back, or ask the operator for more")


def prove(session: Session, kinds: Sequence[Kind]) -> None:
    """Where nothing of these kinds is ours: the account's own record answers, and counts none that its pools hide."""
    user = read(session.ask("user.info", -1))
    if not word(user, "NAME"):
        raise Unavailable("OpenNebula does not show the account itself: its empty list is not believed")
    for path, shown in {COUNTED[kind] for kind in kinds if kind in COUNTED}:
        if number(user, path) and not shown(session):
            raise Unavailable(f"OpenNebula counts {path} of this account and lists none: the list is not believed")


def _network(session: Session, id: str) -> object:
    if not id.isdigit():
        raise NotFound(f"{id!r} is no id")
    return session.ask("vn.info", int(id))


def _said(call: Callable[[], object]) -> ProviderError | None:
    try:
        call()
    except ProviderError as error:
        return error
    return None
