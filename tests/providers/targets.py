"""The clouds that the contract suite runs on: each a context that gives a Provider, or raises Missing. Not a test."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import NoReturn

import httpx
import pytest

from providers import Provider, open_provider
from providers.occi import Occi, Options
from tests.operations.house import House
from tests.pacs.installation import until
from tests.providers import chain, ec2, nodes
from tests.providers.cloud import Cloud
from tests.providers.lab import LAB_OPTIONS, Missing, openstack_lab
from tests.providers.libvirt import libvirt_host
from tests.providers.libvirt import options as libvirt_options
from tests.providers.nebula import opennebula_stand
from tests.stands import occi as foreign
from tests.stands.azure import Stand


@contextmanager
def fake_in_memory(folder: Path) -> Iterator[Provider]:
    yield open_provider("fake", "fake", {})


@contextmanager
def fake_server(folder: Path) -> Iterator[Provider]:
    """The fake cloud as a process."""
    command = [sys.executable, "-m", "providers.fake.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        provider = open_provider("server", "fake", {"url": process.stdout.readline().strip()})
        try:
            yield provider
        finally:
            provider.close()
            process.kill()


@contextmanager
def local(folder: Path) -> Iterator[Provider]:
    """This machine's own containers, kept apart from any other use of it by home, device prefix, pool and door. The
    home is not pytest's folder: nodes are other users, and must be able to pass through to their own files."""
    if os.geteuid() != 0:
        raise Missing("local nodes need root; run the suite with sudo")
    with tempfile.TemporaryDirectory(prefix="accords-contract-", dir="/var/lib") as home:
        Path(home).chmod(0o711)
        options = {
            "home": home,
            "cache": os.environ.get("ACCORDS_TEST_CACHE", "/var/tmp/accords-test-layers"),  # noqa: S108 - built once, then kept
            "prefix": "act",
            "pool": "10.197.0.0/16",
            "door_address": "10.196.0.1",
        }
        provider = open_provider("local", "local", options)
        try:
            problems = provider.check(deadline=20.0)
            if problems:
                raise Missing("; ".join(f"{each.what}: {each.mend}" for each in problems))
            yield provider
        finally:
            Cloud(provider, tags={}).give_back()  # whatever a failed test left: devices outlive a folder
            provider.close()


@contextmanager
def occi(folder: Path) -> Iterator[Provider]:
    """A second broker in this process, and the pretend cloud behind it."""
    house = House(folder)
    with closing(house), chain.at_work(house), closing(chain.through(house)) as provider:
        until(lambda: any(each.images for each in provider.offers(deadline=20.0)), "it knows what is offered behind it")
        yield provider


@contextmanager
def occi_processes(folder: Path) -> Iterator[Provider]:
    """A second broker: its rows, its worker and the pretend cloud behind it, each a process of its own."""
    with (
        chain.pretend_cloud() as url,
        chain.second_broker(folder, {chain.BEHIND: {"driver": "fake", "url": url}}) as broker,
        closing(open_provider("occi", "occi", chain.options(broker))) as provider,
    ):
        yield provider


@contextmanager
def occi_foreign(dialect: str, folder: Path) -> Iterator[Provider]:
    """A stand-in of somebody else's OCCI server."""
    stand = foreign.Stand(dialect, building=0.1)
    said = Options.model_validate(foreign.options(dialect))
    with closing(Occi(f"occi-{dialect}", said, httpx.WSGITransport(app=stand))) as provider:
        yield provider


@contextmanager
def openstack(folder: Path) -> Iterator[Provider]:
    """A member's account of the lab: real services, machines that do not boot."""
    with openstack_lab():
        provider = open_provider("openstack", "openstack", LAB_OPTIONS)
        try:
            yield provider
        finally:
            provider.close()


@contextmanager
def ec2_on(server: str, folder: Path) -> Iterator[Provider]:
    """An account at a server that speaks EC2's Query API."""
    with ec2.SERVERS[server](folder) as port:
        provider = open_provider("ec2", "ec2", ec2.options(port, ec2.IMAGES[server]))
        try:
            yield provider
        finally:
            provider.close()


@contextmanager
def azure(folder: Path) -> Iterator[Provider]:
    """A resource group of the stand-in."""
    with Stand(folder, usual=0.02, pages=5) as stand:
        provider = open_provider("azure", "azure", azure_options(stand))
        try:
            yield provider
        finally:
            provider.close()


def azure_options(stand: Stand) -> dict[str, object]:
    """How the stand-in is reached, with sizes that one machine after the other fits into."""
    return {
        "subscription": stand.subscription,
        "group": stand.group,
        "location": stand.location,
        "tenant": stand.tenant,
        "client": stand.client,
        "secret": stand.secret,
        "endpoint": stand.endpoint,
        "authority": stand.endpoint,
        "cacert": str(stand.trusted),
        "sizes": ("Standard_B*", "Standard_D2s_v3"),
    }


@contextmanager
def opennebula(folder: Path) -> Iterator[Provider]:
    """A usual user's account at the suite's own stand-in."""
    with opennebula_stand() as options:
        provider = open_provider("opennebula", "opennebula", options)
        try:
            yield provider
        finally:
            provider.close()


@contextmanager
def _libcloud(cloud: str, options: Mapping[str, object]) -> Iterator[Provider]:
    provider = open_provider(f"libcloud-{cloud}", f"libcloud:{cloud}", options)
    try:
        yield provider
    finally:
        provider.close()


@contextmanager
def libcloud_dummy(folder: Path) -> Iterator[Provider]:
    """libcloud's own pretend cloud."""
    with _libcloud("dummy", nodes.dummy_options(folder)) as provider:
        yield provider


@contextmanager
def libcloud_openstack(folder: Path) -> Iterator[Provider]:
    """The lab, by libcloud's base API."""
    with openstack_lab() as clouds, _libcloud("openstack", nodes.openstack_options(clouds, folder)) as provider:
        yield provider


@contextmanager
def libcloud_ec2(folder: Path) -> Iterator[Provider]:
    """moto, by libcloud's base API."""
    with ec2.moto(folder) as port, _libcloud("ec2", nodes.ec2_options(f"http://127.0.0.1:{port}", folder)) as provider:
        yield provider


@contextmanager
def kvm(folder: Path) -> Iterator[Provider]:
    """A libvirtd of the suite's own, whose guests are TCG's and have no system."""
    with libvirt_host(folder) as host, closing(open_provider("kvm", "kvm", libvirt_options(host))) as provider:
        yield provider


OPENERS: dict[str, Callable[[Path], AbstractContextManager[Provider]]] = {
    "fake": fake_in_memory,
    "server": fake_server,
    "local": local,
    "kvm": kvm,
    "occi": occi,
    "occi-processes": occi_processes,
    "occi-rocci": partial(occi_foreign, "rocci"),
    "occi-ooi": partial(occi_foreign, "ooi"),
    "azure": azure,
    "opennebula": opennebula,
    "openstack": openstack,
    "moto": partial(ec2_on, "moto"),
    "ministack": partial(ec2_on, "ministack"),
    "libcloud-dummy": libcloud_dummy,
    "libcloud-openstack": libcloud_openstack,
    "libcloud-ec2": libcloud_ec2,
}


def absent(target: str, reason: Missing, environment: Mapping[str, str]) -> NoReturn:
    """What becomes of the tests of a target that cannot be had: skipped, and failed where CI is set."""
    if environment.get("CI"):
        pytest.fail(f"{target}: {reason}")
    pytest.skip(f"{target}: {reason}")
