"""100, 1,000 and 10,000 nodes on the fake cloud without latency: CPU of all of the broker's processes, from the POST of
the document until the service runs. The rows and the worker are processes of their own; only they are counted.

Run as a script; prints one JSON line a figure. `--small` leaves the 10,000 out. One small service is deployed before,
so that what is read once is not counted; growth is CPU a node at the most nodes over that at 100.
"""

from __future__ import annotations

import json
import sys
import time

from installation import Installation, installation

from broker import auth
from broker.client import Client
from broker.settings import Settings

CORDS = "http://scheme.compatibleone.fr/scheme/compatible#"
XMLNS = "http://www.compatibleone.fr/schemes/manifest.xsd"
SIZES = (100, 1000, 10_000)
GOALS = {100: ("<= 0.5", "GRyCAP IM 2.0, Dummy connector: 0.73 s"), 1000: ("<= 5", "IM 44 s; Terraform apply 25-28 s")}
WITHIN = 600.0


def document(name: str, nodes: int) -> bytes:
    """A manifest of equal nodes with nothing to configure."""
    node = (
        '<node name="n{0}"><infrastructure name="i{0}"><compute name="c{0}" cores="1" memory="1G"/>'
        '<network name="lan"/><storage name="s{0}" size="1G"/></infrastructure>'
        '<image name="im{0}"><system name="linux"/></image></node>'
    )
    inner = "".join(node.format(number) for number in range(nodes))
    return f'<manifest xmlns="{XMLNS}" name="{name}">{inner}<configuration name="c"/></manifest>'.encode()


def deploy(client: Client, name: str, nodes: int) -> str:
    """Post, plan, start; gives the service's path when it runs."""
    headers = {"Content-Type": "application/xml"}
    posted = client.request("manifest", "POST", "/manifest/", content=document(name, nodes), headers=headers).json()
    plan = {"kind": CORDS + "plan", "attributes": {"occi.plan.manifest": posted["location"]}}
    made = client.post("manifest", "/plan/", plan)
    service = {"kind": CORDS + "service", "attributes": {"occi.service.plan": made["id"], "occi.service.name": name}}
    path = str(client.post("service", "/service/", service)["location"])
    until(client, path, "active")
    return path


def until(client: Client, path: str, state: str) -> None:
    ends = time.monotonic() + WITHIN
    while (found := client.get("service", path)["attributes"]["org.accords.state"]) != state:
        if found == "failed" or time.monotonic() > ends:
            raise SystemExit(f"{path} is {found} and not {state}")
        time.sleep(0.2)


def figure(name: str, value: float, unit: str, goal: str, anchor: str) -> None:
    line = {"name": name, "value": value, "unit": unit, "goal": goal, "anchor": anchor}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main(sizes: tuple[int, ...]) -> None:
    with installation({"paris": {"driver": "fake"}}, body_limit=64 * 1024**2) as found:
        settings = Settings(home=found.home, base_port=found.base_port)
        token = auth.issue(auth.installation(settings).key, auth.Principal("bench", "bench", auth.Role.ADMIN))
        client = Client(settings, token, timeout=120.0)
        deploy(client, "warm", 2)
        costs = {nodes: measured(found, client, nodes) for nodes in sizes}
    most = max(sizes)
    growth = (costs[most] / most) / (costs[min(sizes)] / min(sizes))
    figure(f"CPU a node, {most} nodes over {min(sizes)}", growth, "x", "<= 1.15", "IM near-quadratic")


def measured(found: Installation, client: Client, nodes: int) -> float:
    before = found.cpu()
    deploy(client, f"bench{nodes}", nodes)
    used = found.cpu() - before
    goal, anchor = GOALS.get(nodes, ("", ""))
    figure(f"{nodes} nodes on fake, POST to running, CPU", used, "s", goal, anchor)
    return used


if __name__ == "__main__":
    main(SIZES[:2] if "--small" in sys.argv else SIZES)
