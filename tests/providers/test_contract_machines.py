"""The promises of `providers.protocol` on machines, for every driver. A driver with real machines runs these slowly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from providers.errors import Conflict, NotFound, ProviderError, Refused
from providers.protocol import (
    Ability,
    Action,
    Attachment,
    FirewallSpec,
    Instruction,
    Kind,
    NetworkSpec,
    Resource,
    SnapshotSpec,
    State,
    VolumeSpec,
)
from tests.providers.cloud import DEADLINE, Cloud, surely

MIB = 1024**2


@pytest.fixture
def lan(cloud: Cloud) -> Resource:
    return cloud.make(NetworkSpec(cloud.name("lan")))


@pytest.fixture
def machine(cloud: Cloud, lan: Resource) -> Resource:
    return cloud.make(cloud.machine_spec(networks=(lan.id,)))


def act(cloud: Cloud, machine: Resource, action: Action) -> Resource:
    """Ask for it and look until it has happened."""
    return cloud.settled(cloud.provider.act(machine.kind, machine.id, action, deadline=DEADLINE))


def test_a_machine_comes_up_with_an_address_in_its_network(cloud: Cloud, machine: Resource) -> None:
    cloud.needs("address")
    seen = cloud.until(machine, lambda each: bool(each.addresses))
    assert seen.state is State.ACTIVE
    assert len(seen.addresses) >= 1


def test_two_machines_of_a_network_have_different_addresses(cloud: Cloud, lan: Resource, machine: Resource) -> None:
    cloud.needs("address")
    other = cloud.make(cloud.machine_spec("other", networks=(lan.id,)))
    seen = [cloud.until(each, lambda it: bool(it.addresses)) for each in (machine, other)]
    assert seen[0].addresses[0] != seen[1].addresses[0]


def test_the_same_token_at_the_same_time_makes_one_machine(cloud: Cloud, lan: Resource) -> None:
    spec, token = cloud.machine_spec(networks=(lan.id,)), cloud.token()

    def create(_: int) -> str | None:
        try:
            return cloud.create(spec, token).id
        except Conflict:
            return None

    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(create, range(4)))
    assert len(ids - {None}) == 1
    assert [each.kind for each in cloud.list()].count(Kind.MACHINE) == 1


def test_a_machine_is_found_by_its_token_and_listed_by_its_tags(cloud: Cloud, lan: Resource) -> None:
    token = cloud.token()
    made = cloud.make(cloud.machine_spec(networks=(lan.id,)), token, **{"accords-node": "pacs"})
    found = cloud.provider.find(Kind.MACHINE, token, deadline=DEADLINE)
    assert found is not None
    assert found.id == made.id
    assert [each.id for each in cloud.list(**{"accords-node": "pacs"})] == [made.id]


def test_a_machine_stops_and_starts_and_asking_again_is_fine(cloud: Cloud, machine: Resource) -> None:
    assert act(cloud, machine, Action.START).state is State.ACTIVE
    assert act(cloud, machine, Action.STOP).state is State.STOPPED
    assert act(cloud, machine, Action.STOP).state is State.STOPPED
    assert act(cloud, machine, Action.START).state is State.ACTIVE


def test_a_start_is_not_undone_by_the_stop_before_it(cloud: Cloud, machine: Resource) -> None:
    act(cloud, machine, Action.STOP)
    act(cloud, machine, Action.START)
    assert act(cloud, machine, Action.RESTART).state is State.ACTIVE
    assert [cloud.observe(machine).state for _ in range(20)] == [State.ACTIVE] * 20


def test_a_machine_keeps_its_address_over_a_stop(cloud: Cloud, machine: Resource) -> None:
    cloud.needs("address")
    before = cloud.until(machine, lambda each: bool(each.addresses)).addresses[0]
    act(cloud, machine, Action.STOP)
    act(cloud, machine, Action.START)
    assert cloud.until(cloud.observe(machine), lambda each: bool(each.addresses)).addresses[0] == before


def test_a_machine_is_suspended_and_resumed_or_that_is_refused(cloud: Cloud, machine: Resource) -> None:
    if Ability.SUSPEND not in cloud.offer().abilities:
        assert isinstance(surely(lambda: act(cloud, machine, Action.SUSPEND)), Refused)
        return
    assert act(cloud, machine, Action.SUSPEND).state is State.SUSPENDED
    assert act(cloud, machine, Action.SUSPEND).state is State.SUSPENDED
    assert act(cloud, machine, Action.RESUME).state is State.ACTIVE
    assert act(cloud, machine, Action.RESUME).state is State.ACTIVE


def test_a_machine_that_runs_is_restarted(cloud: Cloud, machine: Resource) -> None:
    assert act(cloud, machine, Action.RESTART).state is State.ACTIVE


@pytest.mark.parametrize("action", [Action.SUSPEND, Action.RESUME])
def test_a_stopped_machine_cannot_be_suspended_or_resumed(cloud: Cloud, machine: Resource, action: Action) -> None:
    act(cloud, machine, Action.STOP)
    with pytest.raises(Conflict if Ability.SUSPEND in cloud.offer().abilities else Refused):
        cloud.provider.act(machine.kind, machine.id, action, deadline=DEADLINE)


@pytest.mark.parametrize("action", list(Action))
def test_acting_on_what_is_gone_is_not_found(cloud: Cloud, action: Action) -> None:
    with pytest.raises(NotFound):
        cloud.provider.act(Kind.MACHINE, "never-was", action, deadline=DEADLINE)


def test_a_machine_gets_its_tags_back(cloud: Cloud, lan: Resource) -> None:
    token = cloud.token()
    made = cloud.make(cloud.machine_spec(networks=(lan.id,)), token, **{"accords-node": "pacs"})
    changed = cloud.settled(cloud.retag(made, {"accords-node": "web"}))
    assert (changed.id, changed.tags) == (made.id, {**made.tags, "accords-node": "web"})
    assert [each.id for each in cloud.list(**{"accords-node": "web"})] == [made.id]


def test_a_machine_that_was_given_back_is_gone_from_everywhere(cloud: Cloud, machine: Resource) -> None:
    cloud.delete(machine)
    cloud.delete(machine)
    with pytest.raises(NotFound):
        cloud.observe(machine)
    if Ability.CONSOLE in cloud.offer().abilities:
        with pytest.raises(NotFound):
            cloud.provider.console(machine.id, deadline=DEADLINE)
    assert Kind.MACHINE not in {each.kind for each in cloud.list()}


def test_a_machine_that_several_give_back_at_once_is_gone(cloud: Cloud, machine: Resource) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(cloud.delete, [machine] * 4))
    with pytest.raises(NotFound):
        cloud.observe(machine)


def test_a_stopped_machine_can_be_given_back(cloud: Cloud, machine: Resource) -> None:
    act(cloud, machine, Action.STOP)
    cloud.delete(machine)
    with pytest.raises(NotFound):
        cloud.observe(machine)


def test_what_a_machine_uses_is_kept_until_it_is_gone(cloud: Cloud, lan: Resource) -> None:
    volume = cloud.make(VolumeSpec(cloud.name("data"), size=64 * MIB))
    spec = cloud.machine_spec(networks=(lan.id,), volumes=(Attachment(volume.id, "/srv/data"),))
    machine = cloud.make(spec)
    _are_kept_until_it_is_gone(cloud, machine, (volume, lan))


def test_a_firewall_is_kept_until_its_machine_is_gone(cloud: Cloud, lan: Resource) -> None:
    cloud.needs("firewall")
    firewall = cloud.make(FirewallSpec(cloud.name("fw"), (), lan.id))
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,), firewall=firewall.id))
    _are_kept_until_it_is_gone(cloud, machine, (firewall,))


@pytest.mark.parametrize(
    "changes",
    [
        {"image": "no-such-image"},
        {"size": "no-such-size"},
        {"networks": ("no-such-network",)},
        {"firewall": "no-such-firewall"},
        {"volumes": (Attachment("no-such-volume", "/srv/x"),)},
    ],
    ids="-".join,
)
def test_a_machine_of_what_is_not_there_is_refused_and_leaves_nothing(cloud: Cloud, changes: dict[str, object]) -> None:
    spec = cloud.machine_spec(**changes)
    error = surely(lambda: cloud.create(spec))
    assert isinstance(error, Refused | NotFound)
    assert not error.retryable
    assert cloud.list() == ()


def test_a_machine_has_a_console(cloud: Cloud, machine: Resource) -> None:
    if Ability.CONSOLE not in cloud.offer().abilities:
        assert isinstance(surely(lambda: cloud.provider.console(machine.id, deadline=DEADLINE)), Refused)
        return
    assert isinstance(cloud.provider.console(machine.id, deadline=DEADLINE), str)


def test_a_snapshot_is_an_image_that_a_later_machine_can_name(cloud: Cloud, machine: Resource, lan: Resource) -> None:
    cloud.needs("snapshot")
    act(cloud, machine, Action.STOP)
    saved = cloud.make(SnapshotSpec(cloud.name("golden"), machine.id))
    assert saved.id in {image.id for image in cloud.offer().images}
    copy = cloud.make(cloud.machine_spec("copy", image=saved.id, networks=(lan.id,)))
    assert copy.state is State.ACTIVE


def test_an_instruction_is_carried_out_once_or_refused(cloud: Cloud, machine: Resource) -> None:
    """Where delivery is direct, the same token gives the same outcome; elsewhere it is Refused."""
    instruction, token = Instruction("run", {"script": "true"}), cloud.token("i")

    def instruct() -> object:
        return cloud.provider.instruct(machine.id, instruction, token=token, deadline=DEADLINE)

    if cloud.offer().delivery != "direct":
        assert isinstance(surely(instruct), Refused)
        return
    assert instruct() == instruct()


def test_nothing_but_a_machine_can_be_told_to_start(cloud: Cloud, lan: Resource) -> None:
    error = surely(lambda: cloud.provider.act(Kind.NETWORK, lan.id, Action.START, deadline=DEADLINE))
    assert isinstance(error, ProviderError)
    assert not error.retryable


def _are_kept_until_it_is_gone(cloud: Cloud, machine: Resource, used: tuple[Resource, ...]) -> None:
    for each in used:
        with pytest.raises(Conflict):
            cloud.delete(each)
        assert cloud.observe(each).id == each.id
    cloud.delete(machine)
    for each in used:
        cloud.delete(each)
    there = {(each.kind, each.id) for each in cloud.list()}  # some clouds number each kind by itself
    assert there.isdisjoint((each.kind, each.id) for each in (machine, *used))
