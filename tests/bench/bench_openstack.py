"""A network with its way out, a group and 10 servers at the OpenStack lab: made until all are ACTIVE, given back until
none is left. By the driver as a walk uses it, beside the plain SDK script and Heat's stack of the same, in turns.

Needs the lab (`tests/providers/lab.py` says which). The cloud's own CPU is the limit: the ratio is what to trust.
Requests are counted where they leave; those of the last round are shown, when logins and versions are known.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openstack
import requests

sys.path.insert(0, str(Path(__file__).parents[2]))

from providers import Provider, adapter, open_provider
from providers.protocol import FirewallSpec, Kind, MachineSpec, NetworkSpec, Resource, Rule, State
from tests.providers.lab import LAB_OPTIONS, Missing, openstack_lab

SERVERS, ROUNDS = 10, 3
SOON = 60.0
NET = {"get_resource": "net"}
Times = tuple[float, float]
"""Seconds to make and to give back."""


def by_driver(cloud: Provider) -> Times:
    """As the walk: machines side by side, one list a second for all that wait."""
    tags = {"accords-installation": uuid.uuid4().hex[:26], "accords-service": str(uuid.uuid4())}
    offer = cloud.offers(deadline=SOON)[0]
    size = min(offer.sizes, key=lambda each: each.memory).name
    image = next(each.id for each in offer.images if "linux" in each.aliases)

    def create(number: int) -> Resource:
        spec = MachineSpec(f"bench-{number}", f"n{number}", image, size=size, networks=(lan.id,), firewall=group.id)
        own = {**tags, "accords-node": f"n{number}"}
        return cloud.create(spec, token=uuid.uuid4().hex[:26], tags=own, deadline=SOON)

    def machines() -> list[Resource]:
        return list(cloud.list(tags, kinds={Kind.MACHINE}, deadline=SOON))

    began = time.monotonic()
    lan = cloud.create(NetworkSpec("bench", "10.79.0.0/24"), token=uuid.uuid4().hex[:26], tags=tags, deadline=SOON)
    rules = (Rule("tcp", 22, 22, "0.0.0.0/0"),)
    group = cloud.create(FirewallSpec("bench", rules), token=uuid.uuid4().hex[:26], tags=tags, deadline=SOON)
    with ThreadPoolExecutor(SERVERS) as pool:
        made = list(pool.map(create, range(SERVERS)))
    until(lambda: all(each.state is State.ACTIVE for each in machines()))
    middle = time.monotonic()
    with ThreadPoolExecutor(SERVERS) as pool:
        list(pool.map(lambda each: cloud.delete(each.kind, each.id, deadline=SOON), made))
    until(lambda: not machines())
    for each in (group, lan):
        cloud.delete(each.kind, each.id, deadline=SOON)
    return middle - began, time.monotonic() - middle


def by_script(cloud: openstack.connection.Connection) -> Times:
    """What somebody writes with the SDK and nothing else: no tokens, no tags, nothing looked for."""
    size, image = cloud.compute.find_flavor("m1.tiny").id, cloud.image.find_image("tiny-raw").id
    out = next(iter(cloud.network.networks(is_router_external=True)))
    began = time.monotonic()
    net = cloud.network.create_network(name="script")
    subnet = cloud.network.create_subnet(name="script", network_id=net.id, ip_version=4, cidr="10.79.0.0/24")
    router = cloud.network.create_router(name="script", external_gateway_info={"network_id": out.id})
    cloud.network.add_interface_to_router(router, subnet=subnet.id)
    group = cloud.network.create_security_group(name="script")
    cloud.network.create_security_group_rule(
        security_group_id=group.id, direction="ingress", protocol="tcp", port_range_min=22, port_range_max=22
    )

    def create(number: int) -> Any:
        nets, groups = [{"uuid": net.id}], [{"name": group.id}]
        return cloud.compute.create_server(
            name=f"script-{number}", flavor_id=size, image_id=image, networks=nets, security_groups=groups
        )

    def states() -> list[str]:
        return [each.status for each in cloud.compute.servers(name="^script-")]

    with ThreadPoolExecutor(SERVERS) as pool:
        servers = list(pool.map(create, range(SERVERS)))
    until(lambda: set(states()) == {"ACTIVE"})
    middle = time.monotonic()
    with ThreadPoolExecutor(SERVERS) as pool:
        list(pool.map(cloud.compute.delete_server, servers))
    until(lambda: not states())
    cloud.network.remove_interface_from_router(router, subnet=subnet.id)
    cloud.network.delete_router(router)
    cloud.network.delete_network(net)
    cloud.network.delete_security_group(group)
    return middle - began, time.monotonic() - middle


def by_heat(cloud: openstack.connection.Connection) -> Times:
    """One stack of the same."""
    wanted = template(cloud)
    began = time.monotonic()
    stack = cloud.orchestration.create_stack(name="bench", template=wanted)
    until(lambda: cloud.orchestration.get_stack(stack.id).status == "CREATE_COMPLETE")
    middle = time.monotonic()
    cloud.orchestration.delete_stack(stack)
    until(lambda: not cloud.orchestration.find_stack("bench"))
    return middle - began, time.monotonic() - middle


def template(cloud: openstack.connection.Connection) -> dict[str, Any]:
    out = next(iter(cloud.network.networks(is_router_external=True)))
    wanted: dict[str, tuple[str, dict[str, Any]]] = {
        "net": ("Neutron::Net", {"name": "heat"}),
        "subnet": ("Neutron::Subnet", {"network": NET, "cidr": "10.79.0.0/24"}),
        "router": ("Neutron::Router", {"external_gateway_info": {"network": out.id}}),
        "way": (
            "Neutron::RouterInterface",
            {"router": {"get_resource": "router"}, "subnet": {"get_resource": "subnet"}},
        ),
        "group": (
            "Neutron::SecurityGroup",
            {"rules": [{"protocol": "tcp", "port_range_min": 22, "port_range_max": 22}]},
        ),
    }
    server = {
        "flavor": cloud.compute.find_flavor("m1.tiny").id,
        "image": cloud.image.find_image("tiny-raw").id,
        "networks": [{"network": NET}],
        "security_groups": [{"get_resource": "group"}],
    }
    servers = {f"server{number}": ("Nova::Server", {**server, "name": f"heat-{number}"}) for number in range(SERVERS)}
    made = {name: {"type": f"OS::{kind}", "properties": said} for name, (kind, said) in {**wanted, **servers}.items()}
    for name in servers:
        made[name]["depends_on"] = "subnet"
    return {"heat_template_version": "2021-04-16", "resources": made}


def until(good: Callable[[], bool]) -> None:
    ends = time.monotonic() + 300
    while not good():
        if time.monotonic() > ends:
            raise TimeoutError("the lab does not come to an end with it")
        time.sleep(1)


@contextmanager
def counted(place: Any, name: str) -> Iterator[list[object]]:
    """The calls of a function, as they are made."""
    calls: list[object] = []
    found = getattr(place, name)

    def call(*arguments: Any, **named: Any) -> Any:
        calls.append(name)
        return found(*arguments, **named)

    setattr(place, name, call)
    try:
        yield calls
    finally:
        setattr(place, name, found)


def figure(name: str, value: float, unit: str, goal: str, anchor: str) -> None:
    print(
        json.dumps({"name": name, "value": round(value, 2), "unit": unit, "goal": goal, "anchor": anchor}), flush=True
    )


def main() -> None:
    try:
        with openstack_lab("cinder,heat"):
            measure()
    except Missing as reason:
        sys.exit(str(reason))


def measure() -> None:
    driver = open_provider("lab", "openstack", LAB_OPTIONS)
    sdk = openstack.connect(cloud=str(LAB_OPTIONS["cloud"]))
    rounds = []
    for _ in range(ROUNDS):
        with counted(requests.Session, "send") as sent:
            script = by_script(sdk)
        with counted(adapter, "exchange") as asked:
            ours = by_driver(driver)
        rounds.append((*ours, *script, *by_heat(sdk), len(asked), len(sent)))
    up, down, script_up, script_down, heat_up, heat_down, asked_last, sent_last = zip(*rounds, strict=True)
    median = statistics.median
    load = f"at load {os.getloadavg()[1]:.0f}"
    figure(
        "OpenStack lab, network, group, 10 servers, to ACTIVE", median(up), "s", "", f"script {median(script_up):.1f}"
    )
    figure("the same, over the plain SDK script", median(up) / median(script_up), "x", "<= 1.1", load)
    figure("the same, over Heat", median(up) / median(heat_up), "x", "< 1", f"Heat {median(heat_up):.1f} s, {load}")
    figure("the same, given back", median(down), "s", "", f"script {median(script_down):.1f}")
    figure("given back, over the plain SDK script", median(down) / median(script_down), "x", "<= 1.1", load)
    figure(
        "given back, over Heat", median(down) / median(heat_down), "x", "< 1", f"Heat {median(heat_down):.1f} s, {load}"
    )
    figure("requests for all of it, up and down, looks included", asked_last[-1], "", "", f"script {sent_last[-1]}")


if __name__ == "__main__":
    main()
