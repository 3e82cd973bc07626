"""A site of the OpenNebula stand-in with what services need, and the options that open the driver there. Not a test."""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.stands.opennebula import ADMIN, Stand, opened

SIZES = {"small": (1, 512), "large": (2, 1024)}
"""Templates of the site: cores and MB."""


def options(stand: Stand, **more: object) -> dict[str, object]:
    """Networks of its own with numbers on the wire, and public addresses from the site's network."""
    user, _, password = stand.session.partition(":")
    return {
        "url": stand.url,
        "username": user,
        "password": password,
        "vn_mad": "802.1Q",
        "phydev": "eth0",
        "public": "0",
        "images": {"linux": "Debian 12"},
        **more,
    }


def furnish(stand: Stand, costs: Mapping[str, str] | None = None) -> None:
    """The templates that are the sizes."""
    site = xmlrpc.client.ServerProxy(stand.url)
    cost = "".join(f'{name} = "{value}"\n' for name, value in (costs or {}).items())
    for name, (cores, memory) in SIZES.items():
        text = f'NAME = "{name}"\nCPU = "{cores}"\nVCPU = "{cores}"\nMEMORY = "{memory}"\n{cost}'
        site.one.template.allocate(ADMIN, text)


@contextmanager
def opennebula_stand() -> Iterator[dict[str, object]]:
    """The options of a driver at a new site."""
    with opened() as stand:
        furnish(stand)
        yield options(stand)
