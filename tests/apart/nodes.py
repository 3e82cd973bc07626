"""Rows apart whose nodes are containers: on the worker's machine, which has mounts and processes of its own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from broker.settings import Settings
from providers.local import building, host, layers
from providers.local.site import Site
from providers.protocol import MachineSpec
from tests.apart.everything import Apart
from tests.apart.machines import ACCORDS
from tests.pacs.installation import CACHE, EXAMPLES

DOOR = "10.198.0.1"
PACKAGES = ((), ("postgresql",), ("orthanc", "orthanc-postgresql"))
"""What the nodes of examples/pacs.xml have. Machines apart have no way to a mirror: it is made ready before."""

PROVE = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import demo
demo.prove(json.load(sys.stdin), time.monotonic())
"""
"""Run where the nodes are reached from."""

LOOK = """
import json, sys
from providers.local import open_local
from providers.protocol import Kind
from tests.local.traces import traces
from tests.pacs.installation import GIVEN_BACK
cloud = open_local("local", **json.load(sys.stdin))
if "clear" in sys.argv:
    for kind in GIVEN_BACK:
        for each in cloud.list({}, deadline=30):
            if each.kind is kind:
                cloud.delete(kind, each.id, deadline=60)
print(json.dumps(traces(cloud.site)))
"""


@contextmanager
def with_nodes() -> Iterator[Apart]:
    """Everything apart, with containers for nodes. Skipped where LXC cannot run; in CI that is a failure. Whatever
    happens, nothing is left of it."""
    prefix = "q" + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in "xx")
    home = Path(f"/var/tmp/accords-apart-{prefix}")  # noqa: S108 - nodes' root must be able to pass through
    home.mkdir(mode=0o711)
    local = {"driver": "local", "prefix": prefix, "cache": CACHE}
    found = None
    try:
        found = Apart(home, {"local": local}, door=DOOR)
        can_run(found)
        build(Site.of("local", {"home": home / "local", "cache": CACHE}))
        yield found
    finally:
        if found is not None:
            found.stop()
            try:
                left(found, "clear")
            finally:
                found.close()
        shutil.rmtree(home, ignore_errors=True)


def can_run(apart: Apart) -> None:
    """A skip, or in CI a failure, with what is missing on this machine."""
    (checked,) = json.loads(apart.done("worker", [ACCORDS, "providers", "--json"])).values()
    problems = "; ".join(f"{each['what']}: {each['mend']}" for each in checked["problems"])
    if problems and "CI" not in os.environ:
        pytest.skip(problems)
    assert not problems


def build(site: Site) -> None:
    """The layers of the demo's nodes are in the cache."""
    here = host.read()
    for packages in PACKAGES:
        for layer in layers.stack(site, here, {}, MachineSpec("any", "any", "linux", packages=packages)):
            building.build(site, here, layer)


def prove(apart: Apart, service: str) -> str:
    """What examples/demo.py says when it has stored and found slices, on the machine that reaches the nodes."""
    report = json.dumps(apart.report(service))
    return apart.done("worker", [sys.executable, "-c", PROVE, str(EXAMPLES)], said=report)


def left(apart: Apart, *words: str) -> Any:
    """What the provider has left on its machine, by kind; with "clear" after it has given back all there is."""
    return json.loads(apart.done("worker", [sys.executable, "-c", LOOK, *words], said=options(apart)))


def options(apart: Apart) -> str:
    """The provider's options, as the worker opens it."""
    own = apart.own("worker", "worker")
    settings = Settings(home=own["home"], door_address=own["door_address"], providers=apart.providers)
    return json.dumps(settings.provider_options("local"), default=str)
