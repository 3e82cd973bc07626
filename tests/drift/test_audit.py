"""What carries our tag and is nobody's is listed with its cost and given back when somebody asks; what the store knows
and the cloud has not is listed too. Every cloud."""

from __future__ import annotations

from broker.store import findings, offers
from broker.store.entities import PLATFORM
from broker.worker.auditing import give_back
from providers.protocol import VolumeSpec
from tests.drift.outsiders.waiting import until
from tests.drift.place import Place
from tests.operations.stage import ACCOUNT

GIB = 1024**3


def test_what_nobody_knows_is_listed_and_given_back_and_nothing_else(place: Place) -> None:
    """One thing that the driver made for a service that nobody knows, and one that somebody else gave our tag."""
    place.ready()
    kept = {(each.kind, each.id) for each in place.things().values()}
    ours = {"accords-installation": place.stage.installation, "accords-account": ACCOUNT}
    lost = {**ours, "accords-service": "never-was", "accords-token": "lost"}
    made = place.site.provider.create(VolumeSpec("lost", GIB), token="lost", tags=lost, deadline=20)
    names = {made.name}
    if "stray" not in place.site.lacks:
        place.site.outsider.leave("theirs", ours)
        names.add("theirs")
    until(lambda: place.look() == {} and {each.name for each in place.strays()} == names, "both are seen")
    assert {each.account for each in place.strays()} == {ACCOUNT}
    with place.stage.store.write() as tx:
        findings.ask_removal(tx, place.strays())
    until(place.gave_back, "both are given back")
    until(lambda: place.look() == {} and place.strays() == [], "nothing is nobody's")
    assert kept == {(each.kind, each.id) for each in place.things().values()}


def test_a_stray_machine_is_listed_with_what_its_size_costs(place: Place) -> None:
    """A machine that the store forgot: an older store that was brought back, a lost answer."""
    place.ready()
    machine = place.things()["web.0.machine"]
    place.forget("web.0.machine")
    (one,) = [each for each in place.looked_strays() if each.kind == "machine"]
    with place.stage.store.read() as tx:
        offered = [size for each in offers.every(tx, PLATFORM) for size in each.sizes]
    known = next((each.price for each in offered if each.name and each.name == machine.facts.get("size")), None)
    assert one.id == machine.id
    assert one.price == (None if known is None else str(known))
    with place.stage.store.write() as tx:
        findings.ask_removal(tx, place.strays())
    until(place.gave_back, "it is given back")
    until(lambda: not [each for each in place.left() if each.startswith("machine/") and "web" in each], "it is gone")
    place.release()


def test_what_was_asked_to_go_and_lost_our_tag_stays(place: Place) -> None:
    place.needs("volume tags")
    place.ready()
    ours = {"accords-installation": place.stage.installation, "accords-account": ACCOUNT}
    made = place.site.provider.create(
        VolumeSpec("lost", GIB), token="lost2", tags={**ours, "accords-token": "lost2"}, deadline=20
    )
    until(lambda: place.look() == {} and len(place.strays()) == 1, "it is seen")
    with place.stage.store.write() as tx:
        findings.ask_removal(tx, place.strays())
    until(lambda: place.site.provider.observe(made.kind, made.id, deadline=20).state != "pending", "it is made")
    place.site.outsider.mark(made, {})
    give_back(place.stage.tools, place.stage.installation, "paris")
    (one,) = place.strays()
    assert one.removal == "it does not carry this installation's tag any more"
    assert place.site.provider.observe(made.kind, made.id, deadline=20).id == made.id
    place.site.provider.delete(made.kind, made.id, deadline=20)


def test_what_the_store_knows_and_the_cloud_has_not_is_listed(place: Place) -> None:
    place.ready()
    place.site.outsider.delete(place.things()["db.0.machine"])
    place.look_until({"db.0.machine gone"})
    with place.stage.store.read() as tx:
        listed = [each for each in findings.of_account(tx, ACCOUNT) if each.aspect == "gone"]
    assert [(each.step, each.provider) for each in listed] == [("db.0.machine", "paris")]
    place.right("repair")
    place.look_until({})
