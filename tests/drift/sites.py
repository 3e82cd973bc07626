"""The clouds that things are changed at: each a context that gives a Site, or raises Missing. Not a test."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

from providers import Provider, open_provider
from providers.fake import Fake, Knobs
from providers.fake.remote import RemoteFake
from providers.local.provider import Local
from tests.drift.outsiders import Site
from tests.drift.outsiders.azure import Owner
from tests.drift.outsiders.ec2 import Console
from tests.drift.outsiders.fake import Anybody
from tests.drift.outsiders.local import Root
from tests.drift.outsiders.occi import Customer
from tests.drift.outsiders.opennebula import Administrator
from tests.drift.outsiders.openstack import Member
from tests.operations.house import House
from tests.providers import chain, ec2
from tests.providers.cloud import Cloud
from tests.providers.lab import LAB_OPTIONS, openstack_lab
from tests.providers.libvirt import MIB, libvirt_host
from tests.providers.libvirt import options as libvirt_options
from tests.providers.nebula import opennebula_stand
from tests.providers.nodes import ec2_options
from tests.providers.targets import Missing, azure_options
from tests.stands.azure import Stand

NAME = "paris"
QUIET = {"delivery": "none"}
"""Machines of stand-ins do not boot: nobody in them fetches anything."""
NO_RESIZE = "a machine there keeps its size"
GUESTS = {"small": {"cores": 1, "memory": 512 * MIB}, "large": {"cores": 2, "memory": 1024 * MIB}}
"""Their memory is never touched: it is promised and not taken."""
RECORDS = "what is there of it is made anew from its record at each look"
NO_STRAY = "what has no record is not there for it"
LOCAL = {"size": NO_RESIZE, "firewall": RECORDS, "network": RECORDS, "stray": NO_STRAY}
MINISTACK = {
    "size": "ministack has no ModifyInstanceAttribute",
    "volume": "ministack shows no attached volume at its machine",
    "key": "ministack keeps no tags of key pairs",
}
REMEMBERED = "its tags are remembered here, where nobody else changes them"
LIBCLOUD = {
    "size": "libcloud's base API changes no size, and the one that a machine was made with is remembered",
    "no tags": "a machine that lost all its tags is known by what is remembered of it",
    "volume tags": REMEMBERED,
    "network tags": REMEMBERED,
    "network": "it is nothing at the cloud, so that nobody can delete it there",
    "stray": "what carries no token is nobody's for it",
}


@contextmanager
def fake(folder: Path) -> Iterator[Site]:
    cloud = Fake(NAME, Knobs())
    yield Site(cloud, Anybody(cloud), {})


@contextmanager
def fake_server(folder: Path) -> Iterator[Site]:
    command = [sys.executable, "-m", "providers.fake.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with closing(RemoteFake(NAME, url)) as ours, closing(RemoteFake("other", url)) as theirs:
            yield Site(ours, Anybody(theirs), {})
        process.kill()


@contextmanager
def azure(folder: Path) -> Iterator[Site]:
    with Stand(folder, usual=0.01) as stand, _opened("azure", {**azure_options(stand), **QUIET}) as provider:
        yield Site(provider, Owner(stand), {})


@contextmanager
def opennebula(folder: Path) -> Iterator[Site]:
    with opennebula_stand() as options, _opened("opennebula", {**options, **QUIET}) as provider:
        yield Site(provider, Administrator(str(options["url"])), {})


@contextmanager
def openstack(folder: Path) -> Iterator[Site]:
    with openstack_lab(), _opened("openstack", {**LAB_OPTIONS, **QUIET}) as provider:
        yield Site(provider, Member(str(LAB_OPTIONS["cloud"])), {}, pace=0.5)


@contextmanager
def ec2_on(server: str, lacks: Mapping[str, str], folder: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        port = stack.enter_context(ec2.SERVERS[server](folder))
        provider = stack.enter_context(_opened("ec2", ec2.options(port, ec2.IMAGES[server], **QUIET)))
        yield Site(provider, Console(port), lacks)


@contextmanager
def occi(folder: Path) -> Iterator[Site]:
    """A second broker in this process, and another client of the account that we have there."""
    with ExitStack() as stack:
        house = stack.enter_context(closing(House(folder)))
        stack.enter_context(chain.at_work(house))
        provider = stack.enter_context(closing(chain.through(house, NAME, **QUIET)))
        yield Site(provider, Customer(stack.enter_context(chain.customer(house))), {})


@contextmanager
def kvm(folder: Path) -> Iterator[Site]:
    """A libvirtd of the suite's own, and who else may use its socket."""
    with libvirt_host(folder) as host:
        from tests.drift.outsiders.kvm import Operator  # what is not there was said by now

        options = libvirt_options(host, sizes=GUESTS, **QUIET)
        with _opened("kvm", options) as provider:
            yield Site(provider, Operator(str(options["uri"]), host / "pool"), {}, pace=1.0)


@contextmanager
def libcloud_ec2(folder: Path) -> Iterator[Site]:
    """The generic driver's account at moto, and somebody at its console."""
    with ec2.moto(folder) as port:
        options = {**ec2_options(f"http://127.0.0.1:{port}", folder), **QUIET}
        with _opened("libcloud:ec2", options) as provider:
            yield Site(provider, Console(port), LIBCLOUD)


@contextmanager
def local(folder: Path) -> Iterator[Site]:
    """Kept apart from any other use of this machine, as `tests.providers.targets.local` is."""
    if os.geteuid() != 0:
        raise Missing("local nodes need root; run the suite with sudo")
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="accords-drift-", dir="/var/lib"))
        Path(home).chmod(0o711)
        cache = os.environ.get("ACCORDS_TEST_CACHE", "/var/tmp/accords-test-layers")  # noqa: S108 - built once, then kept
        options = {"home": home, "cache": cache, "prefix": "adr", "pool": "10.195.0.0/16", "door_address": "10.194.0.1"}
        provider = stack.enter_context(_opened("local", options))
        assert isinstance(provider, Local)
        if problems := provider.check(deadline=20.0):
            raise Missing("; ".join(f"{each.what}: {each.mend}" for each in problems))
        stack.callback(Cloud(provider, tags={}).give_back)
        yield Site(provider, Root(provider.site), LOCAL, pace=0.2)


@contextmanager
def _opened(driver: str, options: Mapping[str, object]) -> Iterator[Provider]:
    with closing(open_provider(NAME, driver, options)) as provider:
        yield provider


SITES: Mapping[str, Callable[[Path], AbstractContextManager[Site]]] = {
    "fake": fake,
    "server": fake_server,
    "azure": azure,
    "opennebula": opennebula,
    "openstack": openstack,
    "moto": partial(ec2_on, "moto", {}),
    "ministack": partial(ec2_on, "ministack", MINISTACK),
    "occi": occi,
    "kvm": kvm,
    "libcloud-ec2": libcloud_ec2,
    "local": local,
}
