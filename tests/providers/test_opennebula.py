"""What the opennebula driver does about OpenNebula's own ways; the contract suite has what every driver promises."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pyone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import Provider, open_provider
from providers.errors import Ambiguous, Auth, Conflict, NotFound, ProviderError, Quota, Refused, Unavailable
from providers.opennebula.check import prove
from providers.opennebula.documents import read, template, word
from providers.opennebula.firewalls import lines
from providers.opennebula.states import machine_state
from providers.opennebula.tags import attributes, cloud_name, named, tags_of
from providers.protocol import (
    Action,
    AddressSpec,
    Attachment,
    FirewallSpec,
    Kind,
    NetworkSpec,
    OfferedSize,
    Resource,
    Rule,
    SnapshotSpec,
    Spec,
    State,
    VolumeSpec,
)
from tests.providers.cloud import DEADLINE, Cloud, surely
from tests.providers.nebula import furnish, options
from tests.stands.opennebula import Fault, Pace, Stand, database_is_locked, opened, user_data
from tests.stands.opennebula.errors import Code, Refusal
from tests.stands.opennebula.server import Log

MIB = 1024**2
NODE = "accords-node"


@pytest.fixture
def stand() -> Iterator[Stand]:
    with opened(Pace(step=0.0, image=0.0)) as found:
        furnish(found)
        yield found


@pytest.fixture
def at(stand: Stand) -> Iterator[Callable[..., Cloud]]:
    """Opens a driver at the stand-in, with these options."""
    made: list[Provider] = []

    def opener(**more: object) -> Cloud:
        provider = open_provider("nebula", "opennebula", options(stand, **more))
        made.append(provider)
        return Cloud(provider)

    yield opener
    for each in made:
        each.close()


@pytest.fixture
def cloud(at: Callable[..., Cloud]) -> Cloud:
    return at()


def methods(stand: Stand) -> list[str]:
    return [method for method, _session in stand.calls]


def rules(stand: Stand, firewall: Resource) -> set[str]:
    """IPs that its rules let in, as the cloud has them."""
    group = stand.cloud.groups[int(firewall.id)]
    found = [dict(value) for name, value in group.attributes if name == "RULE"]  # type: ignore[arg-type]  # a vector
    return {each["IP"] for each in found if "IP" in each}


# credentials


def test_a_database_that_is_locked_once_is_not_noticed(cloud: Cloud, stand: Stand) -> None:
    cloud.offer()
    stand.faults.append(database_is_locked("one.vnpool.info"))
    assert cloud.make(NetworkSpec(cloud.name("lan"))).state is State.ACTIVE


def test_a_database_that_stays_locked_is_retryable_and_no_wrong_credential(cloud: Cloud, stand: Stand) -> None:
    cloud.offer()
    stand.faults.append(database_is_locked(times=9))
    error = surely(cloud.list)
    assert isinstance(error, Unavailable)
    assert error.retryable


def test_a_database_that_is_locked_when_we_come_first_is_not_a_wrong_credential(cloud: Cloud, stand: Stand) -> None:
    stand.faults.append(database_is_locked(times=2))
    assert cloud.list() == ()


def test_a_wrong_password_is_told_as_such(at: Callable[..., Cloud]) -> None:
    cloud = at(password="wrong")
    assert isinstance(surely(cloud.list), Auth)
    (problem,) = cloud.provider.check(deadline=DEADLINE)
    assert "password" in problem.mend


def test_a_login_token_that_ended_is_renewed_within_the_call(at: Callable[..., Cloud], stand: Stand) -> None:
    cloud = at(session=600)
    cloud.offer()
    stand.cloud.users[2].tokens.clear()
    made = cloud.make(NetworkSpec(cloud.name("lan")))
    assert made.state is State.ACTIVE
    assert methods(stand).count("one.user.login") == 2
    sessions = {session for method, session in stand.calls if method == "one.vn.allocate"}
    assert stand.session not in sessions


def test_threads_that_find_their_token_ended_renew_it_once(at: Callable[..., Cloud], stand: Stand) -> None:
    cloud = at(session=600)
    cloud.offer()
    stand.cloud.users[2].tokens.clear()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: cloud.list(), range(8)))
    assert methods(stand).count("one.user.login") == 2


def test_credentials_are_those_of_opennebulas_own_tools(
    stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = tmp_path / "one_auth"
    auth.write_text(f"{stand.session}\n")
    monkeypatch.setenv("ONE_AUTH", str(auth))
    monkeypatch.setenv("ONE_XMLRPC", stand.url)
    provider = open_provider("nebula", "opennebula", {})
    assert provider.list({}, deadline=DEADLINE) == []
    monkeypatch.setenv("ONE_AUTH", str(tmp_path / "nothing"))
    with pytest.raises(Refused, match="no credential"):
        open_provider("nebula", "opennebula", {})


# machines


def test_user_data_reach_the_machine_whole(cloud: Cloud, stand: Stand) -> None:
    text = "#cloud-config\nwrite_files:\n- {content: 'a \"b\" <c> & é', path: /x}\n" + "x" * 20000
    machine = cloud.make(cloud.machine_spec(user_data=text))
    assert user_data(stand.cloud, int(machine.id)) == text


def test_a_machine_whose_release_was_lost_is_half_made_and_its_token_completes_it(cloud: Cloud, stand: Stand) -> None:
    token, spec = cloud.token(), cloud.machine_spec()
    stand.faults.append(Fault("one.vm.action", cut_before=True))
    assert isinstance(surely(lambda: cloud.create(spec, token)), Ambiguous)
    found = cloud.provider.find(Kind.MACHINE, token, deadline=DEADLINE)
    assert found is not None
    assert found.state is State.ERROR
    assert "half made" in str(found.facts["error"])
    assert cloud.make(spec, token).id == found.id


def test_an_allocation_whose_answer_was_lost_is_found(cloud: Cloud, stand: Stand) -> None:
    token, spec = cloud.token(), cloud.machine_spec()
    stand.faults.append(Fault("one.template.instantiate", cut=True))
    assert isinstance(surely(lambda: cloud.create(spec, token)), Ambiguous)
    assert cloud.make(spec, token).state is State.ACTIVE
    assert len(stand.cloud.machines) == 1


def test_of_two_processes_with_one_token_one_makes_the_machine(at: Callable[..., Cloud], stand: Stand) -> None:
    clouds = [at() for _ in range(3)]
    token, spec = clouds[0].token(), clouds[0].machine_spec()

    def create(cloud: Cloud) -> str | None:
        try:
            return cloud.create(spec, token).id
        except Conflict:
            return None

    with ThreadPoolExecutor(3) as pool:
        made = set(pool.map(create, clouds)) - {None}
    assert len(made) == 1
    (left,) = [each for each in stand.cloud.machines.values() if each.place.word != "DONE"]
    assert str(left.id) in made


def test_no_room_is_told_as_a_fact_first_and_then_as_an_error(at: Callable[..., Cloud], stand: Stand) -> None:
    """A walk would wait for ever: after `patience` the scheduler's sentence is the reason why it failed."""
    stand.cloud.hosts[:] = stand.cloud.hosts[:1]
    stand.cloud.hosts[0].cpu = 100
    patient, hasty = at(), at(patience=0)
    patient.make(patient.machine_spec())
    waiting = patient.create(patient.machine_spec("second"))
    seen = patient.observe(waiting)
    assert (seen.state, "Not enough capacity" in str(seen.facts["scheduler"])) == (State.PENDING, True)
    seen = hasty.observe(waiting)
    assert seen.state is State.ERROR
    assert "no room" in str(seen.facts["error"])
    stand.cloud.hosts[0].cpu = 200
    assert patient.settled(waiting).state is State.ACTIVE


def test_a_machine_that_does_not_boot_is_an_error_and_is_given_back(cloud: Cloud, stand: Stand) -> None:
    stand.cloud.failing = 1
    machine = cloud.make(cloud.machine_spec())
    assert machine.state is State.ERROR
    assert machine.facts["error"]
    cloud.delete(machine)
    assert cloud.list() == ()


def test_an_end_that_is_refused_is_a_conflict_and_one_that_goes_on_is_fine(cloud: Cloud, stand: Stand) -> None:
    machine = cloud.make(cloud.machine_spec())
    stand.cloud.pace.step = 3600.0
    stand.faults.append(Fault("one.vm.action", refuse=Refusal(Code.ACTION, "wrong state EPILOG.")))
    assert isinstance(surely(lambda: cloud.provider.delete(Kind.MACHINE, machine.id, deadline=DEADLINE)), Conflict)
    cloud.provider.delete(Kind.MACHINE, machine.id, deadline=DEADLINE)
    cloud.provider.delete(Kind.MACHINE, machine.id, deadline=DEADLINE)
    assert cloud.observe(machine).state is State.PENDING


def test_what_is_changing_is_pending_and_refuses_other_changes(stand: Stand, cloud: Cloud) -> None:
    """OpenNebula refuses everything in a HOTPLUG state, also to end the machine."""
    machine = cloud.make(cloud.machine_spec())
    stand.cloud.pace.step = 3600.0
    address = cloud.create(AddressSpec(cloud.name("pub"), machine.id))
    assert address.state is State.PENDING
    assert cloud.observe(machine).state is State.PENDING
    for change in (
        lambda: cloud.provider.act(Kind.MACHINE, machine.id, Action.STOP, deadline=DEADLINE),
        lambda: cloud.provider.delete(Kind.MACHINE, machine.id, deadline=DEADLINE),
        lambda: cloud.create(SnapshotSpec(cloud.name("snap"), machine.id)),
    ):
        assert isinstance(surely(change), Conflict)


def test_a_snapshot_is_of_the_machines_own_disk_whatever_else_it_has(cloud: Cloud, stand: Stand) -> None:
    """The context takes a disk id, too: they have gaps."""
    volumes = [cloud.make(VolumeSpec(cloud.name(word), size=MIB)) for word in ("a", "b")]
    attached = tuple(Attachment(each.id, "/srv") for each in volumes)
    machine = cloud.make(cloud.machine_spec(volumes=attached))
    saved = cloud.make(SnapshotSpec(cloud.name("golden"), machine.id))
    assert stand.cloud.images[int(saved.id)].size == stand.cloud.images[0].size
    assert saved.tags.items() >= cloud.tags.items()


def test_a_snapshot_whose_tags_were_lost_gets_them_by_its_token(cloud: Cloud, stand: Stand) -> None:
    machine, token = cloud.make(cloud.machine_spec()), cloud.token()
    stand.faults.append(Fault("one.image.update", cut_before=True))
    assert isinstance(surely(lambda: cloud.create(SnapshotSpec(cloud.name("snap"), machine.id), token)), Ambiguous)
    assert cloud.provider.find(Kind.SNAPSHOT, token, deadline=DEADLINE) is not None
    saved = cloud.make(SnapshotSpec(cloud.name("snap"), machine.id), token)
    assert saved.tags.items() >= cloud.tags.items()
    assert len(stand.cloud.images) == 2


def test_a_running_machine_is_stopped_before_it_is_resized(cloud: Cloud) -> None:
    machine, large = cloud.make(cloud.machine_spec()), OfferedSize("large", 2, 1024 * MIB, 0)
    assert isinstance(surely(lambda: cloud.provider.resize(machine.id, large, deadline=DEADLINE)), Conflict)
    assert cloud.resize(machine, large).facts["memory"] == 1024 * MIB


def test_a_zone_is_a_cluster_beside_what_the_template_demands_of_a_host(cloud: Cloud, stand: Stand) -> None:
    small = next(each for each in stand.cloud.templates.values() if each.name == "small")
    small.attributes.append(("SCHED_REQUIREMENTS", 'HYPERVISOR = "kvm"'))
    machine = cloud.make(cloud.machine_spec(size="small", zone="default"))
    demanded = dict(stand.cloud.machines[int(machine.id)].own)["SCHED_REQUIREMENTS"]
    assert demanded == '(HYPERVISOR = "kvm") & (CLUSTER = "default")'


def test_what_of_us_is_not_ours_is_left_alone(cloud: Cloud, stand: Stand) -> None:
    """Machines and networks of the same account that nobody of us made."""
    one = pyone.OneServer(stand.url, session=stand.session)
    id = one.vm.allocate("CPU=1\nMEMORY=128", False)
    assert cloud.list() == ()
    assert isinstance(surely(lambda: cloud.provider.observe(Kind.MACHINE, str(id), deadline=DEADLINE)), NotFound)
    cloud.provider.delete(Kind.MACHINE, str(id), deadline=DEADLINE)
    assert one.vm.info(id).STATE != 6


# firewalls


def test_rules_for_a_node_follow_its_machines(cloud: Cloud, stand: Stand) -> None:
    lan = cloud.make(NetworkSpec(cloud.name("lan"), "10.9.0.0/24"))
    early = cloud.make(cloud.machine_spec(networks=(lan.id,)), **{NODE: "web"})
    firewall = cloud.make(FirewallSpec(cloud.name("db"), (Rule("tcp", 5432, 5432, "node:web"),), lan.id))
    assert rules(stand, firewall) == set(early.addresses)
    late = cloud.make(cloud.machine_spec("late", networks=(lan.id,)), **{NODE: "web"})
    cloud.make(cloud.machine_spec("other", networks=(lan.id,)), **{NODE: "app"})
    assert rules(stand, firewall) == {*early.addresses, *late.addresses}
    cloud.delete(early)
    assert rules(stand, firewall) == set(late.addresses)


def test_a_machine_starts_when_the_firewalls_have_it_and_goes_after_they_have_not(cloud: Cloud, stand: Stand) -> None:
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    cloud.make(FirewallSpec(cloud.name("db"), (Rule("tcp", 22, 22, "node:web"),), lan.id))
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,)), **{NODE: "web"})
    cloud.delete(machine)
    changes = [each for each in methods(stand) if each in {"one.secgroup.update", "one.vm.action"}]
    assert changes == ["one.secgroup.update", "one.vm.action", "one.secgroup.update", "one.vm.action"]


def test_machines_of_a_node_that_come_at_the_same_time_are_all_in_its_rules(cloud: Cloud, stand: Stand) -> None:
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    firewall = cloud.make(FirewallSpec(cloud.name("db"), (Rule("tcp", 22, 22, "node:web"),), lan.id))

    def make(word: str) -> Resource:
        return cloud.make(cloud.machine_spec(word, networks=(lan.id,)), **{NODE: "web"})

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make, "abcd"))
    assert rules(stand, firewall) == {address for each in made for address in each.addresses}


def test_another_services_node_of_the_same_name_is_not_let_in(cloud: Cloud, stand: Stand) -> None:
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    firewall = cloud.make(FirewallSpec(cloud.name("db"), (Rule("tcp", 22, 22, "node:web"),), lan.id))
    cloud.make(cloud.machine_spec(networks=(lan.id,)), **{NODE: "web", "accords-service": "another"})
    assert rules(stand, firewall) == set()


def test_a_network_lets_nothing_in_by_itself_and_a_machine_without_firewall_everything(
    cloud: Cloud, stand: Stand
) -> None:
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    group = dict(stand.cloud.networks[int(lan.id)].attributes)["SECURITY_GROUPS"]
    ways = [
        dict(value)["RULE_TYPE"] for name, value in stand.cloud.groups[int(str(group))].attributes if name == "RULE"
    ]  # type: ignore[arg-type]  # a vector
    assert ways == ["outbound"]
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,)))
    nics = [dict(value) for name, value in stand.cloud.machines[int(machine.id)].attributes if name == "NIC"]  # type: ignore[arg-type]  # a vector
    assert [each["SECURITY_GROUPS"] for each in nics] == ["0"]
    cloud.delete(machine)
    cloud.delete(lan)
    assert list(stand.cloud.groups) == [0]


def test_rules_are_networks_by_their_first_address_and_size() -> None:
    found = lines((Rule("any", 80, 90, "192.0.2.0/24"), Rule("icmp", 0, 0, "0.0.0.0/0")), {})
    shown = {tuple(value for _name, value in sorted(each)) for each in found}
    assert ("192.0.2.0", "TCP", "80:90", "INBOUND", "256") in shown
    assert ("192.0.2.0", "UDP", "80:90", "INBOUND", "256") in shown
    assert ("ICMP", "INBOUND") in shown


def test_a_rule_for_ipv6_is_refused(cloud: Cloud) -> None:
    error = surely(lambda: cloud.create(FirewallSpec(cloud.name("fw"), (Rule("tcp", 22, 22, "2001:db8::/64"),))))
    assert isinstance(error, Refused)


# networks


def test_a_reservation_is_a_part_of_the_sites_network(at: Callable[..., Cloud], stand: Stand) -> None:
    cloud = at(parent="0", reserve=16)
    made = cloud.make(NetworkSpec(cloud.name("lan")))
    assert made.tags.items() >= cloud.tags.items()
    assert made.facts["reserved"] == "0"
    machine = cloud.make(cloud.machine_spec(networks=(made.id,)))
    assert machine.addresses[0].startswith("198.51.100.")
    cloud.delete(machine)
    cloud.delete(made)
    assert not any(found.leases for found in stand.cloud.networks[0].ranges)


def test_more_than_is_left_to_reserve_is_quota(at: Callable[..., Cloud]) -> None:
    cloud = at(parent="0", reserve=1000)
    assert isinstance(surely(lambda: cloud.create(NetworkSpec(cloud.name("lan")))), Quota)


def test_a_network_that_was_cut_off_half_way_is_found_completed_and_wholly_removed(cloud: Cloud, stand: Stand) -> None:
    token, spec = cloud.token(), NetworkSpec(cloud.name("lan"))
    stand.faults.append(Fault("one.vn.update", cut_before=True))
    assert isinstance(surely(lambda: cloud.create(spec, token)), Ambiguous)
    half = cloud.provider.find(Kind.NETWORK, token, deadline=DEADLINE)
    assert half is not None
    assert half.state is State.ERROR
    whole = cloud.make(spec, token)
    assert (whole.id, whole.state) == (half.id, State.ACTIVE)
    cloud.delete(half)
    assert (list(stand.cloud.networks), list(stand.cloud.groups)) == ([0], [0])


def test_a_missing_right_to_make_networks_is_refused_with_its_name(cloud: Cloud, stand: Stand) -> None:
    stand.cloud.users[2].networks = False
    error = surely(lambda: cloud.create(NetworkSpec(cloud.name("lan"))))
    assert isinstance(error, Refused)
    assert "CREATE NET" in error.message


# offers


def test_sizes_are_the_templates_with_their_costs_unless_the_prices_say_otherwise(
    stand: Stand, at: Callable[..., Cloud], tmp_path: Path
) -> None:
    stand.cloud.templates.clear()
    furnish(stand, {"CPU_COST": "0.01", "MEMORY_COST": "0.00001"})
    prices = tmp_path / "prices.yaml"
    prices.write_text("large: 0.5\n")
    offer = at(prices=str(prices)).offer()
    assert {each.name: each.price for each in offer.sizes} == {"small": Decimal("0.01512"), "large": Decimal("0.5")}
    assert not offer.flexible


def test_without_templates_any_size_can_be_had(at: Callable[..., Cloud], stand: Stand) -> None:
    cloud = at(sizes="flexible", cores=4, memory=8 * 1024 * MIB)
    offer = cloud.offer()
    assert offer.flexible
    assert (offer.sizes[0].name, offer.sizes[0].cores) == (None, 4)
    machine = cloud.make(cloud.machine_spec(cores=3, memory=700 * MIB))
    assert (machine.facts["cores"], machine.facts["memory"]) == (3, 700 * MIB)


def test_quotas_are_what_is_left_and_a_refusal_has_the_numbers(cloud: Cloud, stand: Stand) -> None:
    stand.cloud.users[2].limits = {"VMS": 1, "MEMORY": 2048, "IMAGES": 1}
    cloud.make(cloud.machine_spec())
    left = cloud.offer().left
    assert (left["machines"], left["memory"], left["volumes"]) == (0, 1536 * MIB, 1)
    error = surely(lambda: cloud.create(cloud.machine_spec("more")))
    assert isinstance(error, Quota)
    assert "limit of 1" in error.message
    assert any("machines" in each.what for each in cloud.provider.check(deadline=DEADLINE))


def test_check_names_what_the_settings_name_wrongly(at: Callable[..., Cloud]) -> None:
    found = at(public="77", images={"linux": "Debian 99"}).provider.check(deadline=DEADLINE)
    assert {"`public`" in each.mend or "`images`" in each.mend for each in found} == {True}
    assert len(found) == 2


# the wire


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("one.vn.allocate", status=503), Ambiguous),
        (Fault("one.vnpool.info", status=503), Unavailable),
        (Fault("one.vn.allocate", half=True), Ambiguous),
        (Fault("one.vn.allocate", status=404), Refused),
    ],
    ids=["503 of a change", "503 of a look", "half an answer", "404"],
)
def test_what_stands_before_it_is_told_apart(
    cloud: Cloud, stand: Stand, fault: Fault, kind: type[ProviderError]
) -> None:
    cloud.offer()
    stand.faults.append(fault)
    assert type(surely(lambda: cloud.create(NetworkSpec(cloud.name("lan"))))) is kind


def test_no_call_outlives_its_deadline(cloud: Cloud, stand: Stand) -> None:
    stand.faults.append(Fault("*", wait=1.0, times=9))
    began = time.monotonic()
    assert isinstance(surely(lambda: cloud.provider.list({}, deadline=0.2)), Ambiguous | Unavailable)
    assert time.monotonic() - began < 0.9


def making(cloud: Cloud, lan: Resource, machine: Resource) -> dict[str, Spec]:
    """One of each kind that is made by more than one request."""
    node = Rule("tcp", 22, 22, "node:web")
    return {
        "network": NetworkSpec(cloud.name("other")),
        "firewall": FirewallSpec(cloud.name("fw"), (node,), lan.id),
        "volume": VolumeSpec(cloud.name("data"), size=MIB),
        "machine": cloud.machine_spec("new", networks=(lan.id,)),
        "address": AddressSpec(cloud.name("pub"), machine.id),
        "snapshot": SnapshotSpec(cloud.name("snap"), machine.id),
    }


HITS = {
    "cut before": Fault(cut_before=True),
    "cut after": Fault(cut=True),
    "half an answer": Fault(half=True),
    "503": Fault(status=503),
    "locked": database_is_locked(),
}


@pytest.mark.parametrize(
    "hit",
    [pytest.param(hit, id=id, marks=[] if id.startswith("cut") else pytest.mark.slow) for id, hit in HITS.items()],
)
@pytest.mark.parametrize("kind", ["network", "firewall", "volume", "machine", "address", "snapshot"])
def test_whatever_request_fails_the_token_makes_one_thing_and_nothing_is_left(
    cloud: Cloud, stand: Stand, kind: str, hit: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request of a making in its turn: it fails, the making is repeated, all is given back."""
    doze = time.sleep
    monkeypatch.setattr("tests.providers.cloud.time.sleep", lambda seconds: doze(min(seconds, 0.001)))
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    cloud.make(FirewallSpec(cloud.name("watch"), (Rule("tcp", 22, 22, "node:web"),), lan.id))
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,)))
    spec, before = making(cloud, lan, machine)[kind], {each.id for each in cloud.list() if each.kind == kind}
    for turn in range(12):
        left = turn

        def take(log: Log, method: str) -> Fault | None:
            nonlocal left
            left -= 1
            return hit if left == -1 else None

        token = cloud.token()
        monkeypatch.setattr(Log, "take", take)
        with suppress(ProviderError):
            cloud.create(spec, token, **{NODE: "web"})
        reached = left < 0
        left = -2  # no more faults
        found = cloud.provider.find(Kind(kind), token, deadline=DEADLINE)
        made = cloud.make(spec, token, **{NODE: "web"})
        assert found is None or found.id == made.id
        assert made.state is State.ACTIVE
        assert {each.id for each in cloud.list() if each.kind == kind} - before == {made.id}
        cloud.settled(machine)
        cloud.delete(made)
        cloud.settled(machine)
        if not reached:
            break
    assert not reached
    cloud.give_back()
    assert (list(stand.cloud.networks), list(stand.cloud.groups), list(stand.cloud.images)) == ([0], [0], [0])
    assert {each.place.word for each in stand.cloud.machines.values()} == {"DONE"}


class Answers:
    """A session that answers from a table: what the cloud would say if it hid something."""

    def __init__(self, **answers: str) -> None:
        self._answers = answers

    def ask(self, method: str, *parameters: object) -> str:
        return self._answers[method.replace(".", "_")]


def test_an_empty_pool_is_not_believed_when_the_account_counts_something() -> None:
    user = "<USER><NAME>a</NAME><VM_QUOTA><VM><VMS_USED>2</VMS_USED></VM></VM_QUOTA></USER>"
    session = Answers(user_info=user, vmpool_infoextended="<VM_POOL/>")
    with pytest.raises(Unavailable, match="lists none"):
        prove(session, [Kind.MACHINE])  # type: ignore[arg-type]  # all that is asked of a session


def test_a_list_is_one_call_a_kind(cloud: Cloud, stand: Stand) -> None:
    for each in "abc":
        cloud.make(cloud.machine_spec(each))
    before = len(stand.calls)
    assert len(cloud.provider.list(cloud.tags, kinds={Kind.MACHINE}, deadline=DEADLINE)) == 3
    assert methods(stand)[before:] == ["one.vmpool.infoextended"]


def test_what_we_made_is_what_pyone_sees(cloud: Cloud, stand: Stand) -> None:
    """Another's bindings read the same of it."""
    lan = cloud.make(NetworkSpec(cloud.name("lan"), vlan=77))
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,)))
    volume = cloud.make(VolumeSpec(cloud.name("data"), size=64 * MIB))
    one = pyone.OneServer(stand.url, session=stand.session)
    seen = one.vm.info(int(machine.id))
    assert machine_state(seen.STATE, seen.LCM_STATE) is machine.state
    assert seen.TEMPLATE["NIC"]["IP"] == machine.addresses[0]
    assert seen.USER_TEMPLATE["ACCORDS_NAME"] == machine.name
    assert one.image.info(int(volume.id)).SIZE == 64
    assert one.vn.info(int(lan.id)).VLAN_ID == "77"


def test_the_driver_is_not_imported_before_it_is_opened() -> None:
    program = "import providers, sys; sys.exit('providers.opennebula' in sys.modules or 'httpx' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


# documents

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(st.dictionaries(TEXT, TEXT, max_size=5), TEXT)
def test_tags_and_names_come_back_whatever_is_in_them(tags: dict[str, str], name: str) -> None:
    try:
        text = template([("NAME", cloud_name(name, "token")), *attributes(name, "token", tags)])
    except Refused:
        return  # what XML cannot hold is refused before it is sent
    found = read(f"<THING>{text}</THING>")
    assert tags_of(found) == {**tags, "accords-token": "token"}
    assert word(found, "TEMPLATE/NAME").endswith("token")


@given(TEXT)
def test_a_name_that_is_made_unique_tells_its_token(name: str) -> None:
    found = read(f"<THING><NAME>{cloud_name(name, 'abc')}</NAME></THING>")
    assert named(found)[1] == "abc"
