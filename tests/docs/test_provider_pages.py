"""What the pages of providers show of settings is what their drivers take, and what libcloud's clouds can do is so."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from libcloud.compute.drivers.digitalocean import DigitalOcean_v2_NodeDriver
from libcloud.compute.drivers.linode import LinodeNodeDriverV4
from libcloud.compute.drivers.openstack import OpenStack_2_NodeDriver
from libcloud.compute.drivers.vultr import VultrNodeDriverV2
from libcloud.compute.providers import get_driver

from broker.settings import ProviderSettings
from providers.libcloud import shape
from providers.protocol import Action

PAGES = Path(__file__).parents[2] / "docs" / "providers"
SETTINGS = re.compile(r"^    providers:\n(?:^ {6}.*\n)+", re.MULTILINE)
CLOUD = re.compile(r"^\| `(\w+)` \| ([\w, ]+) \| (yes|no) \| (yes|no) \|$", re.MULTILINE)
NEWEST: Mapping[str, type] = {
    "openstack": OpenStack_2_NodeDriver,
    "digitalocean": DigitalOcean_v2_NodeDriver,
    "linode": LinodeNodeDriverV4,
    "vultr": VultrNodeDriverV2,
}
"""What the constructor of libcloud's driver chooses, where it chooses by what it is given."""


def shown() -> Iterator[tuple[str, str]]:
    for page in sorted(PAGES.glob("*.md")):
        for found in SETTINGS.findall(page.read_text(encoding="utf-8")):
            yield page.name, found


@pytest.mark.parametrize(("page", "text"), [*shown()])
def test_the_settings_that_are_shown_are_those_that_the_driver_takes(page: str, text: str) -> None:
    for said in yaml.safe_load(text)["providers"].values():
        settings = ProviderSettings.model_validate(said)
        module = importlib.import_module(f"providers.{settings.driver.partition(':')[0]}.options")
        assert settings.options.keys() <= module.Options.model_fields.keys()


def test_what_libclouds_clouds_can_do_is_what_their_drivers_say() -> None:
    rows = CLOUD.findall((PAGES / "libcloud.md").read_text(encoding="utf-8"))
    assert len(rows) > len(NEWEST)
    for name, able, stops, told in rows:
        cls = NEWEST.get(name) or get_driver(name)
        assert (", ".join(sorted(shape.abilities(cls))) or "none") == able, name
        assert ("yes" if shape.method(cls, shape.ACTIONS[Action.STOP]) else "no") == stops, name
        assert ("yes" if shape.word(cls, "create_node", shape.USER_DATA) else "no") == told, name
