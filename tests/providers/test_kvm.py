"""What the kvm driver asks of libvirt and makes of its answers, without one. `test_kvm_host` has a real one."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("libvirt", reason="libvirt-python is not installed; `make test` installs it")

import libvirt
from pycdlib import PyCdlib

from providers import Provider, open_provider
from providers.errors import Ambiguous, Auth, Conflict, NotFound, ProviderError, Quota, Refused, Unavailable
from providers.kvm import firewalls, hardware, leases, names, networks, records, seed, storage
from providers.kvm.check import bridges
from providers.kvm.documents import read, written
from providers.kvm.errors import refusal
from providers.kvm.marks import TOKEN, Marks, fragment, marked, metadata, parsed
from providers.kvm.options import Options
from providers.kvm.seed import Nic
from providers.kvm.states import Asked, Next, next_step, state
from providers.protocol import Action, Kind, NetworkSpec, Rule, State
from tests.providers.cloud import surely

GOLDEN = Path(__file__).parent / "golden_kvm"
ID = names.identity(Kind.MACHINE, "t1")
MARKS = Marks("pacs", {TOKEN: "t1", "note": 'a "b" <é>'}, {"made": True})
LAN = [IPv4Interface("10.1.0.1/24"), IPv4Interface("10.2.0.1/24")]
NICS = (
    Nic("02:00:00:00:00:01", "lan-1", IPv4Interface("10.1.0.2/24"), "10.1.0.1", served=True),
    Nic("02:00:00:00:00:02", "dmz-1", IPv4Interface("10.2.0.7/24"), "10.2.0.1", served=False),
)
RULES = (Rule("tcp", 80, 90, "192.0.2.0/24"), Rule("any", 0, 0, "node:db"), Rule("any", 53, 53, "::/0"))
PARTS = hardware.Parts(
    "kvm", 2, 512 * 1024**2, "/p/disk", "/p/seed", "/p/console", ((ID, "/p/volume"),), NICS, "closed-1"
)
DOCUMENTS = {
    "network": lambda: networks.document(ID, "lan", [IPv4Network("10.1.0.0/24"), IPv4Network("10.2.0.0/24")], MARKS),
    "firewall": lambda: firewalls.document(ID, "fw", RULES, {"db": ["10.1.0.5"]}),
    "machine": lambda: hardware.document(ID, MARKS, PARTS),
    "root": lambda: hardware.document(ID, MARKS, hardware.Parts("qemu", 1, 1024**3)),
    "disk": lambda: storage.document("accords-x.disk", 2048, "qcow2", ("/p/debian.img", "raw")),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_libvirt_is_asked_for_is_this_document(name: str) -> None:
    """The goldens are written anew with ACCORDS_WRITE_GOLDEN=1; the difference is to be reviewed."""
    golden = GOLDEN / f"{name}.xml"
    if os.environ.get("ACCORDS_WRITE_GOLDEN"):
        golden.write_text(DOCUMENTS[name](), encoding="utf-8")
    assert DOCUMENTS[name]() == golden.read_text(encoding="utf-8")


def test_a_provider_that_is_not_used_imports_no_libvirt() -> None:
    script = "import sys, providers; sys.exit('libvirt' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_wrong_option_is_refused_by_its_name() -> None:
    with pytest.raises(Refused, match="uri"):
        open_provider("here", "kvm", {"uri": "xen:///"})


# --- marks -----------------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.text(), st.text(), max_size=4), st.text())
def test_whatever_is_in_a_tag_comes_back_from_a_document(tags: dict[str, str], name: str) -> None:
    tags = {_plain(key): _plain(value) for key, value in tags.items()}
    marks = Marks(_plain(name), tags, {"addresses": ["10.1.0.2"]})
    document = f"<domain>{written(metadata(marks))}</domain>"
    assert marked(read(document)) == marks
    assert parsed(read(fragment(marks)).text or "") == marks


def _plain(text: str) -> str:
    """Text that UTF-8 has: half of a pair is none."""
    return text.encode(errors="replace").decode()


@pytest.mark.parametrize("spoilt", ["", "{}", "[]", '{"name": "x", "tags": [], "more": {}}', "<marks/>"])
def test_spoilt_marks_are_none(spoilt: str) -> None:
    assert parsed(spoilt) is None


def test_of_two_records_of_a_thing_the_later_one_counts() -> None:
    digest = "0123456789abcdef"
    found = records.written([f"accords-{ID}.volume.10.{digest}.json", f"accords-{ID}.volume.9.{digest}.json", "other"])
    assert [each.number for each in found] == [9, 10]


# --- names -----------------------------------------------------------------------------------------------------------


def test_a_token_makes_another_thing_of_each_kind_and_the_same_each_time() -> None:
    assert names.identity(Kind.VOLUME, "t1") != ID == names.identity(Kind.MACHINE, "t1")
    assert len(names.bridge(ID)) < 16
    assert names.mac(ID, 0) != names.mac(ID, 1)
    assert int(names.mac(ID, 0)[:2], 16) & 3 == 2, "locally administered, of one machine"


@pytest.mark.parametrize("id", ["", "../..", "x", ID.upper(), f"{{{ID}}}", ID.replace("-", "")])
def test_an_id_is_one_that_libvirt_writes_so(id: str) -> None:
    assert names.is_identity(ID)
    assert not names.is_identity(id)


# --- networks and addresses ------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 255), max_size=40), st.text(max_size=5))
def test_a_free_range_overlaps_none_that_is_taken(taken: list[int], id: str) -> None:
    space = IPv4Network("10.128.0.0/16")
    there = [IPv4Network(f"10.128.{each}.0/24") for each in taken]
    found = networks.free(space, there, id)
    assert found.subnet_of(space)
    assert not any(found.overlaps(each) for each in there)


def test_no_free_range_is_a_quota() -> None:
    with pytest.raises(Quota, match="set `range`"):
        networks.free(IPv4Network("10.128.0.0/24"), [IPv4Network("10.0.0.0/8")], "x")


@pytest.mark.parametrize("cidr", ["no range", "10.0.0.0/30", "fd00::/64", "10.0.0.1/24"])
def test_a_range_that_no_machine_could_be_in_is_refused(cidr: str) -> None:
    with pytest.raises(Refused):
        networks.ranges(NetworkSpec("lan", cidr))


def test_the_ranges_of_a_network_are_read_whether_a_prefix_or_a_netmask_is_written() -> None:
    document = read(
        "<network><ip address='10.1.0.1' netmask='255.255.255.0'/><ip address='10.2.0.1' prefix='24'/>"
        "<ip family='ipv6' address='fd00::1' prefix='64'/></network>"
    )
    assert networks.blocks(document) == LAN


def test_a_machine_gets_the_first_address_that_is_nobodys_and_keeps_it() -> None:
    taken = {"a": "10.1.0.2", "b": "10.1.0.3"}
    assert str(leases.chosen(taken, LAN, "c", "").ip) == "10.1.0.4"
    assert str(leases.chosen(taken, LAN, "a", "").ip) == "10.1.0.2"
    assert str(leases.chosen(taken, LAN, "c", "10.2.0.9")) == "10.2.0.9/24"


@pytest.mark.parametrize(
    ("wanted", "error"),
    [("10.1.0.2", Conflict), ("10.1.0.1", Refused), ("10.1.0.255", Refused), ("10.3.0.1", Refused), ("x", Refused)],
)
def test_an_address_that_cannot_be_had_is_said(wanted: str, error: type[ProviderError]) -> None:
    with pytest.raises(error):
        leases.chosen({"a": "10.1.0.2"}, LAN, "c", wanted)


def test_a_full_network_is_a_quota() -> None:
    small = [IPv4Interface("10.1.0.1/29")]
    taken = {str(each): f"10.1.0.{each}" for each in range(2, 7)}
    with pytest.raises(Quota):
        leases.chosen(taken, small, "c", "")


# --- firewalls -------------------------------------------------------------------------------------------------------


def accepted(rules: tuple[Rule, ...], members: firewalls.Members) -> list[str]:
    document = read(firewalls.document(ID, "fw", rules, members))
    inward = document.iterfind("rule[@action='accept'][@direction='in']")
    return [str(each[0].tag) for each in inward][1:]  # the first is what DHCP answers


def test_a_firewall_without_rules_lets_in_nothing_but_the_answer_of_dhcp() -> None:
    assert accepted((), {}) == []


def test_a_node_without_machines_lets_nobody_in() -> None:
    rules = (Rule("tcp", 5432, 5432, "node:db"),)
    assert accepted(rules, {}) == []
    assert accepted(rules, {"db": ["10.1.0.5", "10.1.0.6"]}) == ["tcp", "tcp"]


def test_a_firewall_is_written_anew_when_its_members_are_others() -> None:
    rules = (Rule("tcp", 5432, 5432, "node:db"),)
    digests = {firewalls.digest(rules, members) for members in ({}, {"db": ["10.1.0.5"]}, {"db": ["10.1.0.6"]})}
    assert len(digests) == 3
    assert firewalls.digest(rules, {"web": ["10.1.0.9"]}) == firewalls.digest(rules, {})


@pytest.mark.parametrize("said", [None, "0"])
def test_firewalls_that_do_not_see_bridges_are_a_problem_with_its_mend(tmp_path: Path, said: str | None) -> None:
    setting = tmp_path / "bridge-nf-call-iptables"
    if said:
        setting.write_text(said)
    assert "br_netfilter" in next(bridges("qemu:///system", setting)).mend
    assert list(bridges("qemu+ssh://far.example.org/system", setting)) == []
    setting.write_text("1\n")
    assert list(bridges("qemu+unix:///system?socket=/run/x", setting)) == []


# --- states ----------------------------------------------------------------------------------------------------------

RUNNING = (libvirt.VIR_DOMAIN_RUNNING, 1)
OFF = (libvirt.VIR_DOMAIN_SHUTOFF, 1)


@pytest.mark.parametrize(
    ("asked", "found", "now", "then"),
    [
        (None, RUNNING, 0.0, Next.NOTHING),
        (Asked(Action.STOP, 0.0), RUNNING, 59.0, Next.WAIT),
        (Asked(Action.STOP, 0.0), RUNNING, 60.0, Next.SWITCH_OFF),
        (Asked(Action.STOP, 0.0), OFF, 60.0, Next.NOTHING),
        (Asked(Action.RESTART, 0.0), RUNNING, 60.0, Next.SWITCH_OFF),
        (Asked(Action.RESTART, 0.0), OFF, 1.0, Next.SWITCH_ON),
    ],
)
def test_a_guest_that_does_not_listen_is_switched_off_after_its_grace(
    asked: Asked | None, found: tuple[int, int], now: float, then: Next
) -> None:
    assert next_step(asked, found, now, 60.0) is then


def test_a_machine_that_was_paused_by_its_disk_is_in_error_and_by_its_user_suspended() -> None:
    paused = libvirt.VIR_DOMAIN_PAUSED
    assert state((paused, libvirt.VIR_DOMAIN_PAUSED_IOERROR)) is State.ERROR
    assert state((paused, libvirt.VIR_DOMAIN_PAUSED_USER)) is State.SUSPENDED
    assert state((paused, libvirt.VIR_DOMAIN_PAUSED_MIGRATION)) is State.PENDING


# --- the seed --------------------------------------------------------------------------------------------------------


def content(disk: bytes, name: str) -> bytes:
    image, found = PyCdlib(), io.BytesIO()
    image.open_fp(io.BytesIO(disk))
    image.get_file_from_iso_fp(found, joliet_path=f"/{name}")
    image.close()
    return found.getvalue()


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1))
def test_user_data_are_on_the_seed_as_they_were_given(user_data: str) -> None:
    disk = seed.disk(seed.files(ID, "pacs", user_data, "ssh-ed25519 AAAA me", NICS))
    assert content(disk, "user-data") == user_data.encode()
    assert json.loads(content(disk, "meta-data")) == {
        "instance-id": ID,
        "local-hostname": "pacs",
        "public-keys": ["ssh-ed25519 AAAA me"],
    }


def test_an_interface_in_a_further_range_is_told_its_address() -> None:
    found = json.loads(seed.files(ID, "pacs", "", "", NICS)["network-config"])["ethernets"]
    assert found["nic0"] == {"match": {"macaddress": "02:00:00:00:00:01"}, "dhcp4": True}
    assert found["nic1"]["addresses"] == ["10.2.0.7/24"]
    assert "routes" not in found["nic1"]


# --- errors, and a libvirt that is not there -------------------------------------------------------------------------


class Said(libvirt.libvirtError):
    def __init__(self, code: int, words: str) -> None:
        Exception.__init__(self, words)
        self.code = code

    def get_error_code(self) -> int:
        return self.code


@pytest.mark.parametrize(
    ("code", "words", "meant"),
    [
        (libvirt.VIR_ERR_NO_DOMAIN, "Domain not found", NotFound),
        (libvirt.VIR_ERR_STORAGE_VOL_EXIST, "storage volume exists already", Conflict),
        (libvirt.VIR_ERR_INTERNAL_ERROR, "write: No space left on device", Quota),
        (libvirt.VIR_ERR_AUTH_FAILED, "authentication failed", Auth),
        (libvirt.VIR_ERR_SYSTEM_ERROR, "End of file while reading data", Ambiguous),
    ],
)
def test_libvirts_errors_have_names_of_ours(code: int, words: str, meant: type[ProviderError]) -> None:
    assert type(refusal(Said(code, words), changes=True)) is meant


def test_an_unknown_error_of_a_look_was_surely_no_change() -> None:
    assert type(refusal(Said(libvirt.VIR_ERR_RPC, "?"), changes=False)) is Unavailable


def test_a_host_without_libvirt_is_unavailable_and_a_problem_with_its_mend(tmp_path: Path) -> None:
    provider = open_provider("here", "kvm", {"uri": f"qemu+unix:///system?socket={tmp_path}/none"})
    assert isinstance(surely(lambda: provider.offers(deadline=5.0)), Unavailable)
    assert "libvirtd" in provider.check(deadline=5.0)[0].mend
    provider.close()


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Provider]:
    """At a libvirt that takes a connection and never says a word."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "silent"))
        door.listen()
        provider = open_provider("here", "kvm", {"uri": f"qemu+unix:///system?socket={tmp_path}/silent"})
        yield provider
    provider.close()


def test_no_call_outlives_its_deadline_where_libvirt_is_silent(silent: Provider) -> None:
    """Nor does the one after it, which has to wait for the same connection."""
    for token in ("t1", "t2"):
        error = surely(lambda token=token: silent.create(NetworkSpec("lan"), token=token, tags={}, deadline=0.3))
        assert isinstance(error, Unavailable)
        assert error.provider == "here"


def test_sizes_are_read_from_the_settings() -> None:
    options = Options.model_validate({"sizes": {"small": {"cores": 1, "memory": 64 * 1024**2}}, "image_pool": "base"})
    assert (options.sizes["small"].disk, options.base) == (0, "base")
