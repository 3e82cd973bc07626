"""What somebody changes at a cloud is seen, said, and repaired or adopted; afterwards nothing is nobody's, and release
leaves nothing. One table of changes, every cloud: docs/drift.md."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.report import report_of
from broker.store import events
from providers.protocol import State
from tests.drift.changes import CHANGES, NETWORK, WEB, Change
from tests.drift.place import Place
from tests.operations.stage import ACCOUNT


@pytest.fixture
def change(request: pytest.FixtureRequest, place: Place) -> Change:
    """One that can be made there."""
    found: Change = CHANGES[request.param]
    place.needs(found.needs)
    place.ready()
    things = place.things()
    if found.there not in things:
        pytest.skip(f"{place.site.provider.driver}: gives no {found.there.rpartition('.')[2]} of its own")
    return replace(found, seen=frozenset(each for each in found.seen if each.split()[0] in things))


@pytest.mark.parametrize("change", CHANGES, indirect=True)
def test_what_somebody_changes_is_seen_said_and_repaired(place: Place, change: Change) -> None:
    before = place.things()
    change.do(place.site.outsider, before)
    found = place.look_until(change.seen)
    assert place.state() == change.state
    with place.stage.store.read() as tx:
        told = {(each["step"], each["aspect"]) for each in report_of(tx, ACCOUNT, place.service)["drift"]}
        said = [each.name for each in events.after(tx, ACCOUNT, service=place.service, limit=10_000)]
    assert told == {(each.step, each.aspect) for each in found.values()}
    assert "drift.found" in said
    place.right("repair")
    assert place.state() == "active", place.stage.service(place.service).error
    place.look_until({})
    after = place.things()
    assert {step: each.tags for step, each in after.items()}.keys() == before.keys()
    assert after[WEB].state is State.ACTIVE
    assert place.strays() == []


def test_what_somebody_changed_is_taken_as_it_is(place: Place) -> None:
    place.ready()
    things, outsider = place.things(), place.site.outsider
    more = {"network tags": f"{NETWORK} tags", "size": f"{WEB} size"}
    changed = {what for name, what in more.items() if name not in place.site.lacks}
    outsider.mark(things[WEB], {**things[WEB].tags, "accords-node": "theirs"})
    if f"{NETWORK} tags" in changed:
        outsider.mark(things[NETWORK], {})
    if f"{WEB} size" in changed:
        outsider.resize(things[WEB])
    outsider.stop(things[WEB])
    place.look_until({f"{WEB} tags", f"{WEB} state", *changed})
    place.right("adopt")
    place.look_until({})
    seen = place.things()
    assert seen[WEB].state is State.STOPPED
    assert seen[WEB].tags["accords-node"] == "theirs"
    assert seen[NETWORK].tags == ({} if f"{NETWORK} tags" in changed else things[NETWORK].tags)


def test_what_is_gone_is_given_up_where_somebody_says_so(place: Place) -> None:
    place.ready()
    place.site.outsider.delete(place.things()["db.0.machine"])
    place.look_until({"db.0.machine gone"})
    place.right("adopt")
    place.look_until({})
    assert place.state() == "active"
    place.release()
    assert (place.left(), place.strays()) == ([], [])
