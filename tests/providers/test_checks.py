"""`accords providers check NAME`: what is taken away from a provider is named, with how to mend it. A credential, a
right, a quota, an image, a network, the cloud itself; each driver at its stand-in, server or lab.

The local provider's are in `tests/local/test_check`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import openstack
import pytest

from providers import Provider, open_provider
from providers.fake import Fake, Knobs
from providers.protocol import Problem
from tests.faults.at_ec2 import at as ec2_at
from tests.operations.house import House
from tests.providers import chain
from tests.providers.between import Asked, Fault
from tests.providers.cloud import DEADLINE
from tests.providers.lab import LAB_OPTIONS, LONG, openstack_lab
from tests.providers.nebula import furnish
from tests.providers.nebula import options as nebula_options
from tests.providers.targets import Missing, absent, azure_options
from tests.stands import opennebula
from tests.stands.azure import Stand

NOBODY = "https://127.0.0.1:9"
Opened = Callable[[Path], AbstractContextManager[Provider]]


def _open(driver: str, options: Mapping[str, object]) -> closing[Provider]:
    return closing(open_provider("paris", driver, options))


@contextmanager
def at_azure(folder: Path, take: Callable[[Stand], object] = id, **options: object) -> Iterator[Provider]:
    with Stand(folder, usual=0.01) as stand, _open("azure", {**azure_options(stand), **options}) as provider:
        take(stand)
        yield provider


@contextmanager
def at_opennebula(
    folder: Path, take: Callable[[opennebula.Stand], object] = id, **options: object
) -> Iterator[Provider]:
    with opennebula.opened() as stand:
        furnish(stand)
        take(stand)
        with _open("opennebula", {**nebula_options(stand), **options}) as provider:
            yield provider


@contextmanager
def at_ec2(folder: Path, refused: str = "", **options: object) -> Iterator[Provider]:
    """`refused`: an action that there is no right to, `*` for a credential that is none."""
    code = "AuthFailure" if refused == "*" else "UnauthorizedOperation"
    said = f"<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>".encode()

    def rule(asked: Asked) -> Fault | None:
        hit = refused == "*" or (refused and f"Action={refused}&".encode() in asked.body)
        return Fault(asked=False, status=403, headers={"Content-Type": "text/xml"}, body=said) if hit else None

    with ec2_at("moto", folder) as site, _open("ec2", {**site.options, **options}) as provider:
        site.proxy.rule = rule
        yield provider


@contextmanager
def at_openstack(folder: Path, quota: Mapping[str, int] | None = None, **options: object) -> Iterator[Provider]:
    """The lab's second project, whose quotas nobody else needs."""
    with openstack_lab(), ExitStack() as stack:
        if quota is not None:
            admin: Any = openstack.connect(cloud="lab-admin")
            project = admin.identity.find_project("alt").id
            before = admin.compute.get_quota_set(project)
            stack.callback(admin.compute.update_quota_set, project, **{each: getattr(before, each) for each in quota})
            admin.compute.update_quota_set(project, **quota)
        yield stack.enter_context(_open("openstack", {**LAB_OPTIONS, "cloud": "lab-alt", **options}))


@contextmanager
def at_occi(folder: Path, token: str = "") -> Iterator[Provider]:
    house = House(folder)
    with closing(house), closing(chain.through(house, **({"token": token} if token else {}))) as provider:
        yield provider


@contextmanager
def at_fake(folder: Path, *problems: Problem) -> Iterator[Provider]:
    yield Fake("paris", Knobs(problems=problems))


def _limit(**limits: int) -> Callable[[Stand], object]:
    return lambda stand: stand.world.catalog.limits.update(limits)


def _used_up(**limits: int) -> Callable[[opennebula.Stand], object]:
    return lambda stand: setattr(stand.cloud.users[2], "limits", limits)


MISSING: Mapping[str, tuple[Opened, str, str]] = {
    "azure: its credential": (
        partial(at_azure, take=lambda stand: setattr(stand.login, "secret", "another")),
        "AADSTS7000215",
        "correct tenant, client and secret",
    ),
    "azure: a right": (
        partial(at_azure, take=lambda stand: stand.routes.denied.add("Microsoft.Compute/virtualMachines/read")),
        "virtualMachines/read",
        "role Contributor",
    ),
    "azure: a right to networks": (
        partial(at_azure, take=lambda stand: stand.routes.denied.add("Microsoft.Network/virtualNetworks/read")),
        "virtualNetworks/read",
        "role Contributor",
    ),
    "azure: its group": (
        partial(at_azure, take=lambda stand: stand.world.groups.clear()),
        "accords",
        "az group create",
    ),
    "azure: room for cores": (partial(at_azure, take=_limit(cores=0)), "no cores are left", "ask Azure for more"),
    "azure: an image": (
        partial(at_azure, images={"linux": "Canonical:no-such:server:latest"}),
        "no-such",
        "correct `images`",
    ),
    "azure: a network": (partial(at_azure, network="nowhere"), "nowhere", "correct `network`"),
    "azure: sizes": (partial(at_azure, sizes=("Nothing*",)), "Nothing*", "correct `sizes`"),
    "azure: itself": (partial(at_azure, endpoint=NOBODY, authority=NOBODY), "127.0.0.1", "status.azure.com"),
    "opennebula: its credential": (partial(at_opennebula, password="wrong"), "accords", "`username` and `password`"),
    "opennebula: room for machines": (
        partial(at_opennebula, take=_used_up(VMS=0)),
        "quota of machines",
        "ask the operator for more",
    ),
    "opennebula: an image": (partial(at_opennebula, images={"linux": "Debian 99"}), "Debian 99", "`images`"),
    "opennebula: a network": (partial(at_opennebula, public="77"), "network 77", "correct `public`"),
    "opennebula: an interface of the hosts": (partial(at_opennebula, phydev=None), "802.1Q", "set `phydev`"),
    "opennebula: itself": (partial(at_opennebula, url="http://127.0.0.1:9/RPC2"), "127.0.0.1", "see that `url`"),
    "occi: its credential": (partial(at_occi, token="nobody's"), "401", "correct url and token"),
    "fake: what it is told": (
        lambda folder: at_fake(folder, Problem("no disk", "plug one in")),
        "no disk",
        "plug one in",
    ),
}
LATE: Mapping[str, tuple[Opened, str, str]] = {
    "ec2: its credential": (partial(at_ec2, refused="*"), "AuthFailure", "correct `key` and `secret`"),
    "ec2: a right": (partial(at_ec2, refused="CreateSubnet"), "no right to CreateSubnet", "rights of docs"),
    "ec2: another right": (partial(at_ec2, refused="AttachVolume"), "no right to AttachVolume", "rights of docs"),
    "ec2: room for machines": (partial(at_ec2, quotas={"machines": 0}), "quota of machines", "raise it"),
    "ec2: an image": (partial(at_ec2, images={"linux": "ami-00000000000000000"}), "image linux", "`images`"),
    "ec2: a zone": (partial(at_ec2, zones=["us-east-1z"]), "no zone us-east-1z", "`zones`"),
    "ec2: itself": (partial(at_ec2, endpoint="http://127.0.0.1:9"), "127.0.0.1", "`endpoint`"),
    "openstack: its credential": (
        partial(
            at_openstack,
            cloud=None,
            url="http://127.0.0.1:21000/v3",
            username="alt",
            password="wrong",
            project="alt",
        ),
        "401",
        "clouds.yaml",
    ),
    "openstack: room for machines": (
        partial(at_openstack, quota={"instances": 0}),
        "quota of machines",
        "ask the operator for more",
    ),
    "openstack: room for cores": (partial(at_openstack, quota={"cores": 0}), "quota of cores", "ask the operator"),
    "openstack: an image": (partial(at_openstack, images={"linux": "no-such"}), "image linux is no-such", "`images`"),
    "openstack: a network": (
        partial(at_openstack, network="11111111-1111-1111-1111-111111111111"),
        "network 11111111",
        "correct `network`",
    ),
    "openstack: the way out": (partial(at_openstack, external="nowhere"), "nowhere", "set `external`"),
    "openstack: volumes": (
        partial(at_openstack, endpoints={"network": "http://127.0.0.1:9/"}),
        "127.0.0.1",
        "",
    ),
}


def _named(opened: Opened, folder: Path, what: str, mend: str) -> None:
    with ExitStack() as stack:
        try:
            provider = stack.enter_context(opened(folder))
        except Missing as reason:
            absent("the target", reason, os.environ)
        told = provider.check(deadline=DEADLINE)
    assert all(each.what and each.mend for each in told)
    assert [each for each in told if what in each.what and mend in each.mend], told


@pytest.mark.parametrize("missing", MISSING)
def test_what_is_missing_is_named_with_how_to_mend_it(missing: str, tmp_path: Path) -> None:
    _named(MISSING[missing][0], tmp_path, *MISSING[missing][1:])


@pytest.mark.slow
@pytest.mark.timeout(LONG)
@pytest.mark.parametrize("missing", LATE)
def test_what_is_missing_at_a_real_server_is_named_with_how_to_mend_it(missing: str, tmp_path: Path) -> None:
    _named(LATE[missing][0], tmp_path, *LATE[missing][1:])
