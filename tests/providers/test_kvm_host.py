"""The kvm driver on a real libvirtd, with guests of TCG that have no system: what is libvirt's own way there. The
contract suite has what every driver promises."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("libvirt", reason="libvirt-python is not installed; `make test-slow` installs it")

import libvirt

from providers import open_provider
from providers.errors import Conflict, NotFound, Quota, Refused, Unavailable
from providers.kvm import boot, interfaces, names
from providers.kvm.documents import read
from providers.kvm.options import Options
from providers.kvm.wire import Session, Wire
from providers.protocol import (
    Action,
    Attachment,
    FirewallSpec,
    Kind,
    NetworkSpec,
    OfferedSize,
    Resource,
    Rule,
    SnapshotSpec,
    State,
    VolumeSpec,
)
from tests.providers.cloud import DEADLINE, Cloud, surely
from tests.providers.libvirt import IMAGE, MIB, WORD, libvirt_host, options
from tests.providers.targets import Missing, absent
from tests.providers.test_kvm import content

pytestmark = pytest.mark.slow

NODE = "accords-node"
OTHERS = "7c1b0b52-9f3e-4c57-8a59-1f6f0c0a9d11"
THEIRS = f"""
<domain type="qemu">
  <name>theirs</name><uuid>{OTHERS}</uuid><memory unit="MiB">32</memory>
  <os><type arch="x86_64" machine="q35">hvm</type></os>
</domain>
"""
HANGING = b"\xf4\xeb\xfd".ljust(510, b"\0") + b"\x55\xaa"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    try:
        with libvirt_host(tmp_path_factory.mktemp("libvirt")) as found:
            yield found
    except Missing as reason:
        absent("kvm", reason, os.environ)


@pytest.fixture
def at(host: Path) -> Iterator[Callable[..., Cloud]]:
    """Opens a driver at the host, with these options. What is made is given back by the first, which does not wait."""
    made: list[Cloud] = []

    def opener(**more: object) -> Cloud:
        first = made[0].tags if made else None
        made.append(Cloud(open_provider("here", "kvm", options(host, **more)), first))
        return made[-1]

    made.append(opener())
    yield opener
    made[0].give_back()
    for each in made:
        each.provider.close()


@pytest.fixture
def direct(host: Path) -> Iterator[libvirt.virConnect]:
    """What somebody else sees there."""
    connection = libvirt.open(str(options(host)["uri"]))
    yield connection
    connection.close()


def files(host: Path) -> set[str]:
    return {each.name for each in (host / "pool").iterdir()}


def machine(cloud: Cloud, word: str = "node", **changes: object) -> Resource:
    lan = cloud.make(NetworkSpec(cloud.name(f"lan-{word}")))
    return cloud.make(cloud.machine_spec(word, networks=(lan.id,), **changes))


# --- what is run with ------------------------------------------------------------------------------------------------


@pytest.fixture
def session(host: Path) -> Iterator[Session]:
    wire = Wire(str(options(host)["uri"]))
    yield Session(wire, 60.0)
    wire.close()


def test_the_probe_boots_where_guests_boot(session: Session) -> None:
    assert boot.boots(session, Options(probe=20.0), boot.TCG)
    assert session.host.listAllDomains() == []


def test_a_guest_that_does_nothing_did_not_boot_and_is_gone(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot, "SECTOR", HANGING)
    assert not boot.boots(session, Options(probe=0.3), boot.TCG)
    assert session.host.listAllDomains() == []


def test_where_kvm_does_not_boot_it_is_said_and_machines_are_run_by_tcg(
    at: Callable[..., Cloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot, "SECTOR", HANGING)
    cloud = at(virt="auto", probe=0.3)
    assert any("slower" in each.what for each in cloud.provider.check(deadline=60.0))
    assert machine(cloud).facts["virt"] == "qemu"


def test_a_probe_that_the_calls_deadline_ends_shows_nothing(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot, "SECTOR", HANGING)
    wire = Wire(str(options(host)["uri"]))
    short = Session(wire, 1.5)
    if not boot.offered(short, short.host):
        pytest.skip("this host does not even offer KVM")
    error = surely(lambda: boot.virt(short, Options(probe=60.0)))
    assert isinstance(error, Unavailable)
    assert wire.virt is None
    wire.close()


# --- one token, one thing --------------------------------------------------------------------------------------------


def test_two_processes_that_make_with_one_token_make_one_machine(at: Callable[..., Cloud]) -> None:
    """Two drivers know nothing of each other: libvirt itself has one machine of an UUID."""
    one, other = at(), at()
    lan = one.make(NetworkSpec(one.name("lan")))
    spec, token = one.machine_spec(networks=(lan.id,)), one.token()

    def create(cloud: Cloud) -> str | None:
        try:
            return cloud.create(spec, token).id
        except Conflict:
            return None

    with ThreadPoolExecutor(2) as pool:
        ids = set(pool.map(create, (one, other)))
    assert len(ids - {None}) == 1
    assert one.make(spec, token).state is State.ACTIVE
    assert [each.kind for each in one.list()].count(Kind.MACHINE) == 1
    assert len(one.make(spec, token).addresses) == 1


def test_a_machine_that_was_left_half_made_is_found_and_completed(
    at: Callable[..., Cloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = at()
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    spec, token = cloud.machine_spec(networks=(lan.id,)), cloud.token()
    _fail_before_addresses(monkeypatch, lambda: cloud.create(spec, token))
    found = cloud.provider.find(Kind.MACHINE, token, deadline=DEADLINE)
    assert found is not None
    assert (found.state, found.tags["accords-service"]) == (State.ERROR, "contract")
    assert cloud.make(spec, token).id == found.id
    assert cloud.observe(found).state is State.ACTIVE


def test_a_machine_that_was_left_half_made_is_wholly_given_back(
    at: Callable[..., Cloud], host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = at()
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    token = cloud.token()
    _fail_before_addresses(monkeypatch, lambda: cloud.create(cloud.machine_spec(networks=(lan.id,)), token))
    cloud.give_back()
    assert files(host) <= {IMAGE, names.PROBE}


def _fail_before_addresses(monkeypatch: pytest.MonkeyPatch, create: Callable[[], object]) -> None:
    def cut(*_: object) -> None:
        raise Unavailable("the connection ended")

    with monkeypatch.context() as patch:
        patch.setattr(interfaces, "claimed", cut)
        surely(create)


def test_nothing_is_left_in_the_pool_of_what_was_given_back(at: Callable[..., Cloud], host: Path) -> None:
    cloud = at()
    firewall = cloud.make(FirewallSpec(cloud.name("fw")))
    volume = cloud.make(VolumeSpec(cloud.name("data"), size=64 * MIB))
    made = machine(cloud, firewall=firewall.id, volumes=(Attachment(volume.id, "/srv"),))
    cloud.provider.act(Kind.MACHINE, made.id, Action.STOP, deadline=DEADLINE)
    cloud.make(SnapshotSpec(cloud.name("golden"), made.id))
    cloud.retag(volume, {"theirs": "kept"})
    cloud.give_back()
    assert files(host) <= {IMAGE, names.PROBE}


def test_what_a_machine_left_that_somebody_undefined_is_given_back(
    at: Callable[..., Cloud], direct: libvirt.virConnect, host: Path
) -> None:
    cloud, before = at(), files(host)
    network = cloud.make(NetworkSpec(cloud.name("lan")))
    specs = [cloud.machine_spec(word, networks=(network.id,)) for word in ("first", "second", "third")]
    first, second, third = (cloud.make(each) for each in specs)
    for each in (first, second):
        direct.lookupByUUIDString(each.id).destroy()
        direct.lookupByUUIDString(each.id).undefine()
    cloud.delete(first)
    assert not [each for each in files(host) if first.id in each]
    assert isinstance(surely(lambda: cloud.delete(network)), Conflict), "the third has an address of it"
    cloud.delete(third)
    cloud.delete(network)
    cloud.delete(second)
    assert files(host) == before


@pytest.mark.parametrize("spoilt", [True, False])
def test_a_machine_without_our_marks_is_left_alone_whatever_its_id(
    at: Callable[..., Cloud], direct: libvirt.virConnect, host: Path, spoilt: bool
) -> None:
    """Somebody took them, and it runs: nobody knows any more that it is ours."""
    cloud = at()
    found = machine(cloud)
    there = direct.lookupByUUIDString(found.id)
    marks = there.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, "urn:accords:marks")
    kind, own = libvirt.VIR_DOMAIN_METADATA_ELEMENT, ("accords", "urn:accords:marks", libvirt.VIR_DOMAIN_AFFECT_CONFIG)
    there.setMetadata(kind, "<marks>?</marks>" if spoilt else None, *own)
    cloud.delete(found)
    assert there.isActive() and [each for each in files(host) if found.id in each]
    there.setMetadata(kind, marks, *own)
    cloud.delete(found)


def test_a_record_that_was_not_written_to_its_end_is_as_if_it_were_not_there(
    at: Callable[..., Cloud], host: Path
) -> None:
    cloud = at()
    volume = cloud.make(VolumeSpec(cloud.name("data"), size=64 * MIB))
    record = next(each for each in (host / "pool").iterdir() if each.name.endswith(".json"))
    record.write_bytes(record.read_bytes()[:20])
    fresh = at()
    assert isinstance(surely(lambda: fresh.observe(volume)), NotFound)
    assert fresh.make(VolumeSpec(cloud.name("data"), size=64 * MIB), volume.token).id == volume.id


# --- what a machine is given -----------------------------------------------------------------------------------------


def test_user_data_reach_the_machine_whole(at: Callable[..., Cloud], host: Path) -> None:
    text = "#cloud-config\n# é\n" + "x" * 200_000
    made = machine(at(), user_data=text)
    disk = (host / "pool" / names.file(made.id, "seed")).read_bytes()
    assert content(disk, "user-data") == text.encode()


def test_the_console_shows_what_the_guest_says_also_of_runs_before(at: Callable[..., Cloud]) -> None:
    cloud = at()
    made = machine(cloud)
    cloud.until(made, lambda _: WORD in cloud.provider.console(made.id, deadline=DEADLINE))
    cloud.settled(cloud.provider.act(Kind.MACHINE, made.id, Action.RESTART, deadline=DEADLINE))
    cloud.until(made, lambda _: cloud.provider.console(made.id, deadline=DEADLINE).count(WORD) == 2)


def test_a_network_is_there_again_when_its_host_is(at: Callable[..., Cloud], direct: libvirt.virConnect) -> None:
    cloud = at()
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    made = cloud.make(cloud.machine_spec(networks=(lan.id,)))
    cloud.settled(cloud.provider.act(Kind.MACHINE, made.id, Action.STOP, deadline=DEADLINE))
    found = direct.networkLookupByUUIDString(lan.id)
    assert found.autostart()
    found.destroy()
    assert cloud.observe(lan).state is State.ERROR
    assert cloud.make(NetworkSpec(cloud.name("lan")), lan.token).facts["cidr"] == lan.facts["cidr"]
    assert cloud.provider.act(Kind.MACHINE, made.id, Action.START, deadline=DEADLINE).addresses == made.addresses
    assert isinstance(surely(lambda: cloud.delete(lan)), Conflict), "its addresses are still taken"


def test_a_machine_may_have_an_address_in_a_further_subnet(at: Callable[..., Cloud]) -> None:
    cloud = at()
    lan = cloud.make(NetworkSpec(cloud.name("lan"), "10.77.0.0/24", subnets=("10.77.1.0/24",)))
    made = cloud.make(cloud.machine_spec(networks=(lan.id,), addresses=("10.77.1.9",)))
    assert made.addresses == ("10.77.1.9",)


def test_more_than_the_host_has_is_a_quota_with_its_numbers(at: Callable[..., Cloud]) -> None:
    cloud = at(sizes={"huge": {"cores": 1, "memory": 2**50}})
    error = surely(lambda: cloud.create(cloud.machine_spec(size="huge")))
    assert isinstance(error, Quota)
    assert str(2**50) in error.message
    assert cloud.list() == ()


def test_a_volume_is_in_one_machine_at_a_time(at: Callable[..., Cloud]) -> None:
    cloud = at()
    volume = cloud.make(VolumeSpec(cloud.name("data"), size=64 * MIB))
    machine(cloud, volumes=(Attachment(volume.id, "/srv"),))
    spec = cloud.machine_spec("other", volumes=(Attachment(volume.id, "/srv"),))
    assert isinstance(surely(lambda: cloud.create(spec)), Conflict)


def test_a_machine_that_runs_is_not_saved_nor_resized(at: Callable[..., Cloud]) -> None:
    cloud = at()
    made = machine(cloud)
    assert isinstance(surely(lambda: cloud.create(SnapshotSpec(cloud.name("s"), made.id))), Conflict)
    large = OfferedSize("large", 2, 64 * MIB, 0)
    assert isinstance(surely(lambda: cloud.provider.resize(made.id, large, deadline=DEADLINE)), Conflict)


def test_a_snapshot_is_kept_while_a_machine_is_made_of_it(at: Callable[..., Cloud]) -> None:
    cloud = at()
    made = machine(cloud)
    cloud.provider.act(Kind.MACHINE, made.id, Action.STOP, deadline=DEADLINE)
    saved = cloud.make(SnapshotSpec(cloud.name("golden"), made.id))
    cloud.delete(made)
    copy = machine(cloud, "copy", image=saved.id)
    assert isinstance(surely(lambda: cloud.delete(saved)), Conflict)
    assert copy.state is State.ACTIVE


@pytest.mark.parametrize("image", [names.PROBE, "accords-strange.disk"])
def test_files_of_ours_are_no_images(at: Callable[..., Cloud], image: str) -> None:
    assert isinstance(surely(lambda: at().create(at().machine_spec(image=image))), NotFound | Refused)


# --- stop and restart ------------------------------------------------------------------------------------------------


def test_a_guest_that_does_not_listen_is_asked_first_and_switched_off_after_its_grace(
    at: Callable[..., Cloud],
) -> None:
    """The one that asks is patient; the next one to look is not, and does what is due."""
    patient, hasty = at(grace=3600), at(grace=0)
    made = machine(patient)
    for _ in range(2):
        assert patient.provider.act(Kind.MACHINE, made.id, Action.STOP, deadline=DEADLINE).state is State.PENDING
    assert patient.observe(made).state is State.PENDING
    for action in (Action.RESTART, Action.START, Action.SUSPEND):
        with pytest.raises(Conflict):
            patient.provider.act(Kind.MACHINE, made.id, action, deadline=DEADLINE)
    assert hasty.observe(made).state is State.STOPPED
    assert patient.provider.act(Kind.MACHINE, made.id, Action.START, deadline=DEADLINE).state is State.ACTIVE
    assert hasty.observe(made).state is State.ACTIVE


def test_a_restart_is_a_stop_and_a_start(at: Callable[..., Cloud], direct: libvirt.virConnect) -> None:
    patient, hasty = at(grace=3600), at(grace=0)
    made = machine(patient)
    before = direct.lookupByUUIDString(made.id).ID()
    assert patient.provider.act(Kind.MACHINE, made.id, Action.RESTART, deadline=DEADLINE).state is State.PENDING
    assert hasty.observe(made).state is State.ACTIVE
    assert patient.observe(made).state is State.ACTIVE
    assert direct.lookupByUUIDString(made.id).ID() != before


# --- firewalls -------------------------------------------------------------------------------------------------------


def sources(direct: libvirt.virConnect, firewall: Resource) -> set[str]:
    """Who may reach its machines' port 5432, as libvirt has it."""
    root = read(direct.nwfilterLookupByUUIDString(firewall.id).XMLDesc())
    return {str(each.get("srcipaddr")) for each in root.iterfind("rule/tcp") if each.get("dstportstart") == "5432"}


def test_a_rule_for_a_node_follows_its_machines(at: Callable[..., Cloud], direct: libvirt.virConnect) -> None:
    cloud = at()
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    firewall = cloud.make(FirewallSpec(cloud.name("db"), (Rule("tcp", 5432, 5432, "node:web"),), lan.id))
    assert sources(direct, firewall) == set()
    database = cloud.make(cloud.machine_spec("db", networks=(lan.id,), firewall=firewall.id), **{NODE: "db"})
    web = [cloud.make(cloud.machine_spec(word, networks=(lan.id,)), **{NODE: "web"}) for word in ("w1", "w2")]
    assert sources(direct, firewall) == {each.addresses[0] for each in web}
    other = cloud.make(FirewallSpec(cloud.name("late"), (Rule("tcp", 5432, 5432, "node:web"),), lan.id))
    assert sources(direct, other) == sources(direct, firewall)
    cloud.retag(web[1], {NODE: "db"})
    assert sources(direct, firewall) == {web[0].addresses[0]}
    cloud.delete(web[0])
    assert sources(direct, firewall) == set()
    assert cloud.observe(database).state is State.ACTIVE


def test_machines_of_another_service_are_none_of_the_node(at: Callable[..., Cloud], direct: libvirt.virConnect) -> None:
    cloud = at()
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    firewall = cloud.make(FirewallSpec(cloud.name("db"), (Rule("tcp", 5432, 5432, "node:web"),), lan.id))
    strange = {NODE: "web", "accords-service": "strange"}
    made = cloud.make(cloud.machine_spec("w", networks=(lan.id,)), **strange)
    assert sources(direct, firewall) == set()
    cloud.delete(made)


# --- what others have there ------------------------------------------------------------------------------------------


def test_what_others_made_is_neither_listed_nor_touched(at: Callable[..., Cloud], direct: libvirt.virConnect) -> None:
    cloud = at()
    theirs = direct.defineXML(THEIRS)
    try:
        assert OTHERS not in {each.id for each in cloud.provider.list({}, deadline=DEADLINE)}
        assert isinstance(surely(lambda: cloud.provider.observe(Kind.MACHINE, OTHERS, deadline=DEADLINE)), NotFound)
        cloud.provider.delete(Kind.MACHINE, OTHERS, deadline=DEADLINE)
        assert direct.lookupByUUIDString(OTHERS)
    finally:
        theirs.undefineFlags(0)


def test_a_connection_that_ended_is_opened_anew(at: Callable[..., Cloud]) -> None:
    cloud = at()
    cloud.make(NetworkSpec(cloud.name("lan")))
    cloud.provider.close()
    assert len(cloud.list()) == 1


def test_a_pool_that_is_not_there_is_a_problem_with_its_mend(at: Callable[..., Cloud]) -> None:
    problems = at(pool="nowhere").provider.check(deadline=DEADLINE)
    assert any("pool-define-as nowhere" in each.mend for each in problems)


def test_an_image_of_the_settings_that_is_not_there_is_a_problem(at: Callable[..., Cloud]) -> None:
    problems = at(images={"linux": IMAGE, "gone": "gone.qcow2"}).provider.check(deadline=DEADLINE)
    assert [each.what for each in problems] == ["image gone is gone.qcow2, which is not there"]


def test_flexible_sizes_are_up_to_what_the_host_has(at: Callable[..., Cloud]) -> None:
    offer = at(sizes={}).offer()
    assert (offer.flexible, offer.sizes[0].name) == (True, None)
    assert offer.sizes[0].cores >= 1
    assert {"cores", "memory", "storage"} <= offer.left.keys()
