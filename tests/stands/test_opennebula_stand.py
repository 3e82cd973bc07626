"""The OpenNebula stand-in is what it says: pyone reads its answers by its bindings, and it has the real one's oddities.

pyone's bindings are made from OpenNebula's own XML schemas, so they are the independent judge of the stand-in's shapes;
of its behaviour there is none here (docs/providers/stand-ins.md).
"""

from __future__ import annotations

import base64
import itertools
import xmlrpc.client
from collections.abc import Iterator
from typing import Any

import pyone
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.stands.opennebula import ADMIN, Fault, Pace, Stand, database_is_locked, opened, user_data
from tests.stands.opennebula.pairs import Malformed, read
from tests.stands.opennebula.states import ACTIONS, CHANGES, Lcm, State

STEP = 1.0
ALL = (-2, -1, -1)
OPTIONAL = {"LOCK", "SCHED_ACTIONS", "SNAPSHOTS", "BACKUPS", "TEMPLATE_ID", "PLAN", "LOGIN_TOKEN"}


class Time:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Site:
    """A stand-in, its clock, and clients of it."""

    def __init__(self, stand: Stand, time: Time) -> None:
        self.stand, self.time = stand, time
        self.one = pyone.OneServer(stand.url, session=stand.session)
        self.admin = pyone.OneServer(stand.url, session=ADMIN)

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.time.now += STEP
            self.one.system.version()

    def machine(self, extra: str = "", *, cpu: int = 1, hold: bool = False) -> int:
        text = f'NAME="m"\nCPU="{cpu}"\nMEMORY="512"\nDISK=[IMAGE_ID="0"]\n{extra}\nCONTEXT=[NETWORK="YES"]\nTAG="mine"'
        return int(self.one.vm.allocate(text, hold))

    def running(self, extra: str = "") -> int:
        id = self.machine(extra)
        self.steps(5)
        assert self.state(id) == ("ACTIVE", "RUNNING")
        return id

    def state(self, id: int) -> tuple[str, str]:
        seen = self.one.vm.info(id)
        return State(seen.STATE).name, Lcm(seen.LCM_STATE).name

    def network(self, name: str = "n") -> int:
        text = f'NAME="{name}"\nVN_MAD="bridge"\nTAG="mine"\nAR=[TYPE="IP4", IP="10.0.0.2", SIZE="3"]'
        return int(self.one.vn.allocate(text, -1))


@pytest.fixture
def site() -> Iterator[Site]:
    time = Time()
    with opened(Pace(step=STEP, image=STEP), clock=time, wall=time) as stand:
        yield Site(stand, time)


def first(pool: Any) -> Any:
    return pool.__dict__[next(name for name, value in pool.__dict__.items() if isinstance(value, list) and value)][0]


def test_pyone_finds_in_every_answer_what_its_bindings_expect(site: Site) -> None:
    site.running(f'NIC=[NETWORK_ID="{site.network()}"]')
    site.one.image.allocate('NAME="v"\nTYPE="DATABLOCK"\nSIZE="10"', 1)
    site.one.template.allocate('NAME="t"\nCPU="1"\nMEMORY="1"')
    asked = {
        "vm": site.one.vmpool.infoextended(*ALL, -1),
        "image": site.one.imagepool.info(*ALL),
        "vn": site.one.vnpool.info(*ALL),
        "secgroup": site.one.secgrouppool.info(*ALL),
        "template": site.one.templatepool.info(*ALL),
        "host": site.admin.hostpool.info(),
        "cluster": site.one.clusterpool.info(),
        "datastore": site.one.datastorepool.info(),
        "zone": site.one.zonepool.info(),
    }
    for kind, pool in asked.items():
        found = first(pool)
        empty = {name for name, value in vars(found).items() if value is None and name.isupper()}
        assert empty <= OPTIONAL, f"{kind}: {empty - OPTIONAL}"
    assert site.one.user.info(-1).VM_QUOTA.VM[0].VMS_USED == "1"


@pytest.mark.parametrize(("pool", "page"), [("vmpool", (*ALL, -1)), ("imagepool", ALL), ("vnpool", ALL)])
def test_every_element_of_an_answer_is_one_that_the_bindings_know(site: Site, pool: str, page: tuple[int, ...]) -> None:
    site.running()
    raw: Any = getattr(xmlrpc.client.ServerProxy(site.stand.url).one, pool)
    _good, text, _code = raw.info(site.stand.session, *page)
    parsed = getattr(site.one, pool).info(*page)
    assert {child.tag for child in etree.fromstring(text)[0]} <= set(vars(first(parsed)))


def test_a_machine_passes_pending_prolog_boot_and_runs(site: Site) -> None:
    id = site.machine()
    seen = [site.state(id)]
    for _ in range(4):
        site.steps(1)
        seen.append(site.state(id))
    assert [state for state, _again in itertools.groupby(seen)] == [
        ("PENDING", "LCM_INIT"),
        ("ACTIVE", "PROLOG"),
        ("ACTIVE", "BOOT"),
        ("ACTIVE", "RUNNING"),
    ]


def test_while_it_boots_a_machine_is_not_terminated_and_only_an_administrator_recovers_it(site: Site) -> None:
    id = site.machine()
    site.steps(1)
    with pytest.raises(pyone.OneActionException, match="wrong state PROLOG"):
        site.one.vm.action("terminate-hard", id)
    with pytest.raises(pyone.OneAuthorizationException):
        site.one.vm.recover(id, 3)
    site.admin.vm.recover(id, 3)
    site.steps(1)
    assert site.state(id)[0] == "DONE"


def test_a_terminated_machine_stays_as_done_and_pools_leave_it_out(site: Site) -> None:
    id = site.running()
    site.one.vm.action("terminate", id)
    site.steps(3)
    assert site.state(id)[0] == "DONE"
    assert not site.one.vmpool.infoextended(*ALL, -1).VM
    assert len(site.one.vmpool.infoextended(*ALL, -2).VM) == 1
    site.one.vm.action("terminate", id)


def test_more_than_fits_is_no_error_but_pending_with_a_message_until_there_is_room(site: Site) -> None:
    full = [site.machine(cpu=16) for _host in range(2)]
    site.steps(5)
    id = site.machine(cpu=16)
    site.steps(5)
    assert site.state(id)[0] == "PENDING"
    assert "Not enough capacity" in site.one.vm.info(id).USER_TEMPLATE["SCHED_MESSAGE"]
    site.one.vm.action("terminate", full[0])
    site.steps(8)
    assert site.state(id) == ("ACTIVE", "RUNNING")
    assert "SCHED_MESSAGE" not in site.one.vm.info(id).USER_TEMPLATE


def test_a_machine_that_does_not_boot_stays_in_boot_failure_until_it_is_terminated(site: Site) -> None:
    site.stand.cloud.failing = 1
    id = site.machine()
    site.steps(6)
    assert site.state(id) == ("ACTIVE", "BOOT_FAILURE")
    site.one.vm.action("terminate", id)
    site.steps(2)
    assert site.state(id)[0] == "DONE"


def test_a_power_off_and_a_resume_pass_their_states(site: Site) -> None:
    id = site.running()
    site.one.vm.action("poweroff", id)
    assert site.state(id) == ("ACTIVE", "SHUTDOWN_POWEROFF")
    site.steps(1)
    assert site.state(id)[0] == "POWEROFF"
    site.one.vm.action("resume", id)
    site.steps(1)
    assert site.state(id) == ("ACTIVE", "RUNNING")


def test_in_a_hotplug_state_everything_else_is_refused(site: Site) -> None:
    id, volume = site.running(), site.one.image.allocate('NAME="v"\nTYPE="DATABLOCK"\nSIZE="10"\nPERSISTENT="YES"', 1)
    site.steps(1)
    site.one.vm.attach(id, f'DISK=[IMAGE_ID="{volume}"]')
    assert site.state(id) == ("ACTIVE", "HOTPLUG")
    for call in (
        lambda: site.one.vm.action("terminate", id),
        lambda: site.one.vm.action("poweroff", id),
        lambda: site.one.vm.detach(id, 2),
        lambda: site.one.vm.disksaveas(id, 0, "s", "", -1),
    ):
        with pytest.raises(pyone.OneActionException):
            call()


def test_no_table_lets_anything_be_asked_in_a_hotplug_state() -> None:
    rows = [place for table in (*ACTIONS.values(), *CHANGES.values()) for place in table]
    assert not [place for place in rows if "HOTPLUG" in place.lcm.name]


def test_disk_ids_have_gaps(site: Site) -> None:
    volume = site.one.image.allocate('NAME="v"\nTYPE="DATABLOCK"\nSIZE="10"\nPERSISTENT="YES"', 1)
    id = site.running()
    for _again in range(2):
        site.one.vm.attach(id, f'DISK=[IMAGE_ID="{volume}"]')
        site.steps(1)
        last = site.one.vm.info(id).TEMPLATE["DISK"][-1]["DISK_ID"]
        site.one.vm.detach(id, int(last))
        site.steps(1)
    assert last == "3"  # 0 the image, 1 the context, 2 what was attached first


def test_tags_are_in_the_extended_pool_and_not_in_the_short_one(site: Site) -> None:
    site.machine()
    assert site.one.vmpool.infoextended(*ALL, -1).VM[0].USER_TEMPLATE["TAG"] == "mine"
    assert "TAG" not in site.one.vmpool.info(*ALL, -1).VM[0].USER_TEMPLATE


def test_pages_are_followed_to_the_end(site: Site) -> None:
    made = [site.machine(hold=True) for _ in range(5)]
    pages = [site.one.vmpool.infoextended(-2, start, -2, -1).VM for start in (0, 2, 4, 6)]
    assert [vm.ID for page in pages for vm in page] == made


def test_a_locked_database_and_an_ended_token_look_like_a_wrong_password(site: Site) -> None:
    token = site.one.user.login("accords", "", 60, -1)
    short = pyone.OneServer(site.stand.url, session=f"accords:{token}")
    assert short.user.info(-1).NAME == "accords"
    site.time.now += 61
    site.stand.faults.append(database_is_locked("one.user.info"))
    said = set()
    for client in (site.one, short, pyone.OneServer(site.stand.url, session="accords:wrong")):
        with pytest.raises(pyone.OneAuthenticationException) as error:
            client.user.info(-1)
        said.add(str(error.value))
    assert said == {"[one.user.info] User couldn't be authenticated, aborting call."}


def test_a_quota_is_worded_as_a_missing_right(site: Site) -> None:
    site.admin.user.quota(2, 'VM=[VMS="1"]')
    site.machine()
    with pytest.raises(pyone.OneAuthorizationException, match="limit of 1 reached for VMS quota in VM"):
        site.machine()


def test_an_address_is_leased_at_once_and_free_when_the_machine_is_done(site: Site) -> None:
    network = site.network()
    id = site.running(f'NIC=[NETWORK_ID="{network}", IP="10.0.0.3"]')
    assert site.one.vm.info(id).TEMPLATE["NIC"]["IP"] == "10.0.0.3"
    with pytest.raises(pyone.OneInternalException, match="Cannot get IP/MAC lease"):
        site.machine(f'NIC=[NETWORK_ID="{network}", IP="10.0.0.3"]')
    with pytest.raises(pyone.OneActionException, match="leases in use"):
        site.one.vn.delete(network)
    site.one.vm.action("terminate", id)
    site.steps(3)
    site.one.vn.delete(network)
    with pytest.raises(pyone.OneNoExistsException):
        site.one.vn.info(network)


def test_a_machine_is_allocated_whole_or_not_at_all(site: Site) -> None:
    network, volume = (
        site.network(),
        site.one.image.allocate('NAME="v"\nTYPE="DATABLOCK"\nSIZE="10"\nPERSISTENT="YES"', 1),
    )
    with pytest.raises(pyone.OneException):
        site.machine(f'DISK=[IMAGE_ID="{volume}"]\nNIC=[NETWORK_ID="{network}"]\nNIC=[NETWORK_ID="99"]')
    assert site.one.vn.info(network).USED_LEASES == 0
    assert site.one.image.info(volume).RUNNING_VMS == 0
    assert not site.one.vmpool.infoextended(*ALL, -2).VM


def test_an_alias_is_a_second_address_of_a_nic(site: Site) -> None:
    id = site.running(f'NIC=[NETWORK_ID="{site.network()}"]')
    site.one.vm.attachnic(id, 'NIC_ALIAS=[NETWORK="public", PARENT="NIC0"]')
    alias = site.one.vm.info(id).TEMPLATE["NIC_ALIAS"]
    assert alias["IP"] == "198.51.100.10"
    site.steps(1)
    site.one.vm.detachnic(id, int(alias["NIC_ID"]))
    assert "NIC_ALIAS" not in site.one.vm.info(id).TEMPLATE


def test_names_of_images_networks_and_groups_are_taken_once_and_those_of_machines_are_not(site: Site) -> None:
    site.network()
    with pytest.raises(pyone.OneInternalException, match="NAME is already taken by NET 1"):
        site.network()
    assert site.machine() != site.machine()


def test_a_reservation_is_a_network_of_its_own_that_gives_its_addresses_back(site: Site) -> None:
    id = site.one.vn.reserve(0, 'NAME="r"\nSIZE="4"')
    assert site.one.vn.info(id).AR_POOL.AR[0].SIZE == 4
    assert site.one.vn.info(0).USED_LEASES == 4
    site.one.vn.delete(id)
    assert site.one.vn.info(0).USED_LEASES == 0


def test_rules_reach_machines_that_have_the_group_already(site: Site) -> None:
    group = site.one.secgroup.allocate('NAME="g"\nRULE=[PROTOCOL="TCP", RANGE="22", RULE_TYPE="inbound"]')
    id = site.running(f'NIC=[NETWORK_ID="{site.network()}", SECURITY_GROUPS="{group}"]')
    site.one.secgroup.update(group, 'RULE=[PROTOCOL="TCP", RANGE="80", RULE_TYPE="inbound"]', 1)
    assert [id] == site.one.secgroup.info(group).OUTDATED_VMS.ID
    site.steps(1)
    assert [id] == site.one.secgroup.info(group).UPDATED_VMS.ID
    assert site.one.vm.info(id).TEMPLATE["SECURITY_GROUP_RULE"]["RANGE"] == "80"
    with pytest.raises(pyone.OneActionException):
        site.one.secgroup.delete(group)


def test_a_saved_disk_is_an_image_without_tags_that_is_locked_at_first(site: Site) -> None:
    id = site.running()
    image = site.one.vm.disksaveas(id, 0, "saved", "", -1)
    assert site.one.image.info(image).STATE == 4
    site.steps(1)
    assert site.one.image.info(image).STATE == 1
    site.one.image.update(image, 'TAG="mine"', 1)
    assert site.one.image.info(image).TEMPLATE["TAG"] == "mine"


def test_a_resize_takes_a_machine_that_is_off(site: Site) -> None:
    id = site.running()
    with pytest.raises(pyone.OneActionException):
        site.one.vm.resize(id, 'CPU="2"', False)
    site.one.vm.action("poweroff", id)
    site.steps(1)
    site.one.vm.resize(id, 'CPU="2"\nMEMORY="1024"', False)
    assert (site.one.vm.info(id).TEMPLATE["CPU"], site.one.vm.info(id).TEMPLATE["MEMORY"]) == ("2", "1024")


def test_user_data_is_read_as_a_guest_would_read_it(site: Site) -> None:
    text = '#cloud-config\nwrite: "a \\\\ b, [c]"\n'
    coded = base64.b64encode(text.encode()).decode()
    id = site.one.vm.allocate(f'CPU="1"\nMEMORY="64"\nCONTEXT=[USER_DATA="{coded}", USERDATA_ENCODING="base64"]', True)
    assert user_data(site.stand.cloud, id) == text


def test_a_lost_answer_is_of_a_call_that_was_carried_out(site: Site) -> None:
    site.stand.faults.append(Fault("one.vn.allocate", cut=True))
    with pytest.raises(OSError):
        site.network()
    assert [net.NAME for net in site.one.vnpool.info(*ALL).VNET] == ["public", "n"]


@given(st.text(alphabet='AB=[]", \n\\#é<>&', max_size=40))
def test_any_template_is_read_or_malformed(text: str) -> None:
    try:
        read(text)
    except Malformed:
        return


def test_both_syntaxes_of_a_template_mean_the_same() -> None:
    said = 'NAME = "a b"\nNIC = [ NETWORK_ID = "1", IP = "10.0.0.1" ]\nMEMORY = 512\nX = "q\\"uote"'
    marked = (
        "<TEMPLATE><NAME>a b</NAME><NIC><NETWORK_ID>1</NETWORK_ID><IP>10.0.0.1</IP></NIC><MEMORY>512</MEMORY>"
        '<X>q"uote</X></TEMPLATE>'
    )
    assert read(said) == read(marked)
