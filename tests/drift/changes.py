"""What somebody changes at a cloud, what of it is seen, and in which state the service then is. Not a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from providers.protocol import Resource
from tests.drift.outsiders import Outsider

Things = Mapping[str, Resource]
DB, WEB, DATA = "db.0.machine", "web.0.machine", "db.0.volume.data"
NETWORK, WALL, ADDRESS = "paris.n1", "db.0.firewall", "web.0.address"


@dataclass(frozen=True, slots=True)
class Change:
    """`seen`: steps and aspects, of what there is. `needs`: what a cloud must have for it, as `Site.lacks` calls it.
    `state`: the service's, while it is so. `there`: the step that must have made something, for it to be possible."""

    do: Callable[[Outsider, Things], None]
    seen: frozenset[str]
    state: str = "active"
    needs: str = ""
    there: str = WEB


def _gone(*steps: str, needs: str = "") -> Change:
    """Those of these that there are are deleted, in this order: what holds something before what it holds."""

    def do(outsider: Outsider, things: Things) -> None:
        for step in steps:
            if step in things:
                outsider.delete(things[step])

    return Change(do, frozenset(f"{step} gone" for step in steps), "failed", needs, steps[-1])


def _marked(step: str, needs: str = "", **tags: str) -> Change:
    """It carries its tags, and these instead of some of them; none at all where none is said."""

    def do(outsider: Outsider, things: Things) -> None:
        told = {name.replace("_", "-"): value for name, value in tags.items()}
        outsider.mark(things[step], {**things[step].tags, **told} if tags else {})

    return Change(do, frozenset({f"{step} tags"}), needs=needs, there=step)


CHANGES: Mapping[str, Change] = {
    "machine-stopped": Change(
        lambda outsider, things: outsider.stop(things[WEB]), frozenset({f"{WEB} state"}), "failed"
    ),
    "machine-resized": Change(
        lambda outsider, things: outsider.resize(things[WEB]), frozenset({f"{WEB} size"}), needs="size"
    ),
    "machine-of-another-node": _marked(WEB, accords_node="theirs"),
    "machine-of-another-service": _marked(WEB, accords_service="theirs", accords_token="theirs"),
    "machine-without-tags": _marked(WEB, "no tags"),
    "volume-without-tags": _marked(DATA, "volume tags"),
    "network-without-tags": _marked(NETWORK, "network tags"),
    "firewall-without-tags": _marked(WALL),
    "address-deleted": _gone(ADDRESS, needs="address"),
    "machine-deleted": _gone(DB),
    "volume-deleted": _gone(DB, DATA),
    "firewall-deleted": _gone(DB, WALL, needs="firewall"),
    "everything-deleted": _gone(ADDRESS, WEB, DB, DATA, "web.0.firewall", WALL, NETWORK, needs="network"),
}
