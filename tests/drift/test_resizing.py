"""`accords resize` at every cloud that can: the machine stays the one it was, has the size, runs, and keeps it."""

from __future__ import annotations

from broker import repairs
from broker.plans import plan_to_json
from broker.repairs import Subject
from broker.store import PLATFORM, offers, operations, services
from manifests import Chosen, Offer, Size, Step, Wish, choose, machines_of, resize
from providers.protocol import State
from tests.drift.changes import WEB
from tests.drift.place import Place
from tests.operations.stage import ACCOUNT


def subject(place: Place) -> Subject:
    with place.stage.store.read() as tx:
        about = repairs.subject(tx, services.get(tx, ACCOUNT, place.service))
    assert about is not None
    return about


def offer_of(place: Place, machine: Step) -> Offer:
    with place.stage.store.read() as tx:
        return next(each for each in offers.every(tx, PLATFORM) if each.zone == machine.inputs["zone"])


def size_of(machine: Step) -> Size:
    cores, memory, disk = (value if isinstance(value := machine.inputs.get(what), int) else 0 for what in AMOUNTS)
    return Size(str(machine.inputs["size"]), cores, memory, disk)


AMOUNTS = ("cores", "memory", "disk")


def other(place: Place, machine: Step) -> Size:
    """The first that can be had, and is not smaller: some clouds make no disk smaller."""
    now, offer = size_of(machine), offer_of(place, machine)
    found = (choose(now, Wish(size=each.name), offer) for each in offer.sizes if each.disk >= now.disk)
    return next(each.size for each in found if isinstance(each, Chosen))


def test_a_machine_gets_another_size_and_keeps_it(place: Place) -> None:
    place.needs("size")
    service, about = place.ready(), subject(place)
    (machine,) = machines_of(about.deploy, about.made, "web")
    before, wanted = place.things()[WEB], other(place, machine)
    plan = resize(about.deploy, about.made, {machine.id: wanted})
    with place.stage.store.write() as tx:
        told = {"nodes": ["web"]}
        operations.submit(tx, ACCOUNT, service, "resize", arguments=told, plan_json=plan_to_json(plan))
    place.stage.work()
    assert place.state() == "active", place.stage.service(service).error
    after = place.things()[WEB]
    assert (after.id, after.facts["size"], after.state) == (before.id, wanted.name, State.ACTIVE)
    place.look_until({})
    assert subject(place).deploy.step(WEB).inputs["size"] == wanted.name
    place.site.outsider.resize(after)
    place.look_until({f"{WEB} size"})
    place.right("repair")
    assert (place.things()[WEB].facts["size"], place.state()) == (wanted.name, "active")
    place.release()
