"""The promises that a real OpenStack puts to the test: lost answers, tokens that end, throttling, nodes as sources,
half-made things, confirmation of sizes. On the lab, whose machines do not boot and show their user-data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import openstack
import pytest
from openstack.network.v2.router import Router

from broker.agent import userdata
from broker.settings import Settings
from providers import open_provider
from providers.edge import called
from providers.errors import Ambiguous, Quota, Throttled, Unavailable
from providers.openstack import OpenStack
from providers.protocol import KINDS, FirewallSpec, Kind, NetworkSpec, Resource, Rule, Spec, State, VolumeSpec
from tests.providers.between import CUT, HOPS, LOST, Asked, Between, Fault, between, untouched
from tests.providers.cloud import DEADLINE, Cloud, surely
from tests.providers.lab import LAB_OPTIONS, LONG, Missing, openstack_lab
from tests.providers.targets import absent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(LONG)]


@pytest.fixture(scope="module", autouse=True)
def lab() -> Iterator[Path]:
    try:
        with openstack_lab() as found:
            yield found
    except Missing as reason:
        absent("openstack", reason, os.environ)


@pytest.fixture
def sdk(lab: Path) -> openstack.connection.Connection:
    """The same account by the SDK alone: what somebody else does there."""
    return openstack.connect(cloud=str(LAB_OPTIONS["cloud"]))


@contextmanager
def opened(**options: object) -> Iterator[Cloud]:
    provider = open_provider("paris", "openstack", {**LAB_OPTIONS, **options})
    cloud = Cloud(provider)
    try:
        yield cloud
    finally:
        cloud.give_back()
        provider.close()


@pytest.fixture
def cloud(lab: Path) -> Iterator[Cloud]:
    with opened() as found:
        yield found


@contextmanager
def proxied(service: str, sdk: openstack.connection.Connection) -> Iterator[tuple[Cloud, Between]]:
    """The cloud, with a proxy before one of its services."""
    endpoint = str(sdk.session.get_endpoint(service_type=service))
    root = "/".join(endpoint.split("/")[:3])
    with between(root) as proxy:
        endpoints = {service.replace("-", "_"): endpoint.replace(root, proxy.url)}
        with opened(endpoints=endpoints) as cloud:
            yield cloud, proxy


MADE: dict[str, tuple[str, str, Spec]] = {
    "network": ("network", "/networks", NetworkSpec("lan")),
    "subnet": ("network", "/subnets", NetworkSpec("lan")),
    "router": ("network", "/routers", NetworkSpec("lan")),
    "firewall": ("network", "/security-groups", FirewallSpec("fw", (Rule("tcp", 22, 22, "0.0.0.0/0"),))),
    "rules": ("network", "/security-group-rules", FirewallSpec("fw", (Rule("tcp", 22, 22, "0.0.0.0/0"),))),
    "volume": ("block-storage", "/volumes", VolumeSpec("data", size=1)),
}


@pytest.mark.parametrize(("service", "path", "spec"), MADE.values(), ids=MADE)
def test_a_thing_whose_answer_was_lost_is_made_once(
    service: str, path: str, spec: Spec, sdk: openstack.connection.Connection
) -> None:
    with proxied(service, sdk) as (cloud, proxy):
        token = cloud.token()
        proxy.once("POST", path, LOST)
        assert isinstance(surely(lambda: cloud.create(spec, token)), Ambiguous)
        made = cloud.make(spec, token)
        assert made.state is State.ACTIVE
        assert [each.id for each in cloud.list()] == [made.id]
        cloud.delete(made)
        assert cloud.list() == ()


def test_a_machine_whose_answer_was_lost_is_made_once(sdk: openstack.connection.Connection) -> None:
    with proxied("compute", sdk) as (cloud, proxy):
        lan = cloud.make(NetworkSpec(cloud.name("lan")))
        spec, token = cloud.machine_spec(networks=(lan.id,)), cloud.token()
        proxy.once("POST", "/servers", LOST)
        assert isinstance(surely(lambda: cloud.create(spec, token)), Ambiguous)
        assert cloud.provider.find(Kind.MACHINE, token, deadline=DEADLINE) is not None
        made = cloud.make(spec, token)
        assert [each.id for each in cloud.list() if each.kind is Kind.MACHINE] == [made.id]


@pytest.mark.parametrize("what", ["network", "router", "firewall"])
def test_what_is_made_when_nobody_waits_any_more_is_listed_and_given_back(
    what: str, sdk: openstack.connection.Connection
) -> None:
    """neutron takes tags afterwards only, and nobody sets them then; a router is made without its network, too."""
    service, path, spec = MADE[what]
    kept: list[Asked] = []

    def cut(asked: Asked) -> Fault | None:
        if (asked.method, asked.path.endswith(path)) != ("POST", True):
            return None
        kept.append(asked)
        return CUT

    with proxied(service, sdk) as (cloud, proxy):
        proxy.rule = cut
        assert isinstance(surely(lambda: cloud.create(spec)), Ambiguous | Unavailable)
        proxy.rule = untouched
        for each in cloud.list():
            cloud.delete(each)
        headers = {name: value for name, value in kept[0].headers.items() if name.lower() not in HOPS}
        assert httpx.post(proxy.url + kept[0].path, headers=headers, content=kept[0].body, timeout=60).is_success
        (late,) = cloud.list()
        assert (late.kind, late.state, late.tags["accords-service"]) == (KINDS[type(spec)], State.ERROR, "contract")
        assert cloud.observe(late) == late
        cloud.delete(late)
        assert cloud.list() == ()


@pytest.mark.parametrize("status", [413, 429])
def test_throttling_is_told_with_the_delay_of_the_cloud(status: int, sdk: openstack.connection.Connection) -> None:
    with proxied("compute", sdk) as (cloud, proxy):
        proxy.once("GET", "/servers/detail", Fault(asked=False, status=status, headers={"Retry-After": "7"}))
        error = surely(lambda: cloud.provider.list(cloud.tags, kinds={Kind.MACHINE}, deadline=DEADLINE))
        assert isinstance(error, Throttled)
        assert error.delay == 7.0
        assert proxy.words().count("GET /v2.1/servers/detail") == 1


def test_half_a_body_is_no_answer(sdk: openstack.connection.Connection) -> None:
    with proxied("network", sdk) as (cloud, proxy):
        proxy.once("GET", "/networks", Fault(asked=False, status=200, body=b'{"networks": [{"id": '))
        error = surely(lambda: cloud.provider.list(cloud.tags, kinds={Kind.NETWORK}, deadline=DEADLINE))
        assert isinstance(error, Ambiguous)


def test_an_empty_list_is_not_believed_where_its_service_hides_what_is_never_empty(
    sdk: openstack.connection.Connection,
) -> None:
    with proxied("network", sdk) as (cloud, proxy):
        empty = Fault(asked=False, status=200, headers={"Content-Type": "application/json"})
        proxy.rule = lambda asked: empty if asked.path.endswith(("/networks", "/security-groups")) else None
        error = surely(lambda: cloud.provider.list(cloud.tags, kinds={Kind.NETWORK}, deadline=DEADLINE))
        assert isinstance(error, Unavailable | Ambiguous)
        proxy.rule = untouched


def test_a_token_that_ends_in_the_middle_is_renewed(cloud: Cloud) -> None:
    """Ended before a service saw it: they believe for minutes what they have seen."""
    provider = cloud.provider
    assert isinstance(provider, OpenStack)
    session = provider._account.cloud.session
    with called(DEADLINE):
        before = session.get_token()
    revoke(before)
    assert cloud.make(NetworkSpec(cloud.name("lan"))).state is State.ACTIVE
    assert session.get_token() != before


def revoke(token: str) -> None:
    """End a token at keystone, as its administrator does."""
    admin = openstack.connect(cloud="lab-admin")
    admin.identity.delete("/auth/tokens", headers={"X-Subject-Token": token})


def test_the_login_is_that_of_options_too(lab: Path, sdk: openstack.connection.Connection) -> None:
    auth = sdk.config.config["auth"]
    login = {"url": auth["auth_url"], "username": auth["username"], "password": auth["password"]}
    provider = open_provider("paris", "openstack", {**login, "project": auth["project_name"]})
    assert list(provider.check(deadline=DEADLINE)) == []
    wrong = open_provider("paris", "openstack", {**login, "project": auth["project_name"], "password": "wrong"})
    assert "clouds.yaml" in wrong.check(deadline=DEADLINE)[0].mend


def test_check_says_which_image_and_which_network_are_missing(lab: Path) -> None:
    provider = open_provider(
        "paris", "openstack", {**LAB_OPTIONS, "images": {"linux": "no-such"}, "external": "nowhere"}
    )
    said = " ".join(f"{each.what}: {each.mend}" for each in provider.check(deadline=DEADLINE))
    assert "image linux is no-such" in said
    assert "nowhere" in said


def test_whoever_may_choose_it_gets_the_number_of_a_network(lab: Path) -> None:
    with opened(cloud="lab-admin", physical="physnet1") as cloud:
        made = cloud.make(NetworkSpec(cloud.name("lan"), vlan=187))
        assert cloud.observe(made).facts["vlan"] == 187


def test_a_half_made_network_is_in_error_completed_by_its_token_and_wholly_given_back(
    cloud: Cloud, sdk: openstack.connection.Connection
) -> None:
    token, spec = cloud.token(), NetworkSpec(cloud.name("lan"))
    made = cloud.make(spec, token)
    (router,) = routers_of(sdk, token)
    subnet = next(iter(sdk.network.subnets(network_id=made.id)))
    sdk.network.remove_interface_from_router(router, subnet=subnet.id)
    assert cloud.observe(made).state is State.ERROR
    assert cloud.make(spec, token) == made
    cloud.delete(made)
    assert routers_of(sdk, token) == []


def routers_of(sdk: openstack.connection.Connection, token: str) -> list[Router]:
    return [each for each in sdk.network.routers() if f"accords-token={token}" in each.description]


def groups_of(sdk: openstack.connection.Connection, machine: Resource) -> set[str]:
    """The groups that the machine's ports are in."""
    return {group for port in sdk.network.ports(device_id=machine.id) for group in port.security_group_ids}


def test_a_rule_of_a_node_holds_for_machines_before_it_and_after_it(
    cloud: Cloud, sdk: openstack.connection.Connection
) -> None:
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    early = cloud.make(cloud.machine_spec("early", networks=(lan.id,)), **{"accords-node": "db"})
    spec = FirewallSpec(cloud.name("fw"), (Rule("tcp", 0, 0, "node:db"), Rule("tcp", 22, 22, "0.0.0.0/0")))
    firewall = cloud.make(spec)
    late = cloud.make(cloud.machine_spec("late", networks=(lan.id,)), **{"accords-node": "db"})
    other = cloud.make(cloud.machine_spec("other", networks=(lan.id,)), **{"accords-node": "web"})
    rules = sdk.network.get_security_group(firewall.id).security_group_rules
    group = next(each["remote_group_id"] for each in rules if each["remote_group_id"])
    assert group in groups_of(sdk, early) & groups_of(sdk, late)
    assert group not in groups_of(sdk, other)
    cloud.delete(firewall)
    assert sdk.network.find_security_group(group) is None
    assert cloud.observe(early).state is State.ACTIVE


def test_user_data_reach_the_machine_whole(cloud: Cloud, tmp_path: Path) -> None:
    text = userdata.render(Settings(home=tmp_path), node="pacs", token="t" * 64)
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,), user_data=text))
    console = cloud.provider.console(machine.id, deadline=DEADLINE)
    assert text in console
    assert userdata.parse(console[console.index(text) :][: len(text)]).agent == userdata.compact()


def test_a_machine_that_nova_cannot_start_says_why_and_is_given_back(cloud: Cloud) -> None:
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,)), **{"lab:spawn_error": "the disk is on fire"})
    assert machine.state is State.ERROR
    assert "the disk is on fire" in str(machine.facts["error"])
    cloud.delete(machine)


def test_a_machine_in_the_making_has_no_address_yet_and_goes_while_it_is_made(cloud: Cloud) -> None:
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    machine = cloud.create(cloud.machine_spec(networks=(lan.id,)), **{"lab:spawn_delay": "3"})
    assert cloud.observe(machine).state is State.PENDING
    cloud.delete(machine)


def test_a_quota_says_its_numbers(lab: Path) -> None:
    """In the lab's other project, where nobody else is."""
    admin = openstack.connect(cloud="lab-admin")
    project = openstack.connect(cloud="lab-alt").session.get_project_id()
    with opened(cloud="lab-alt") as cloud:
        admin.network.update_quota(project, networks=0)
        try:
            assert cloud.offer().left.get("networks") == 0
            assert isinstance(surely(lambda: cloud.create(NetworkSpec(cloud.name("lan")))), Quota)
        finally:
            admin.network.update_quota(project, networks=-1)


def test_what_others_made_is_not_found_and_not_given_back(cloud: Cloud, sdk: openstack.connection.Connection) -> None:
    theirs = sdk.network.create_network(name=cloud.name("theirs"))
    try:
        cloud.provider.delete(Kind.NETWORK, str(theirs.id), deadline=DEADLINE)
        assert sdk.network.get_network(theirs.id).id == theirs.id
    finally:
        sdk.network.delete_network(theirs)
