"""Accounts at clouds that libcloud's drivers reach: its own pretend one, the OpenStack lab, moto. Not a test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from tests.providers.ec2 import IMAGES, REGION
from tests.providers.lab import LAB_OPTIONS


def dummy_options(folder: Path) -> dict[str, object]:
    """It keeps what it made in its own memory, so there is one of it."""
    return {"key": "0", "most": 1, "images": {"linux": "Ubuntu 9.10"}, "open": True, "home": str(folder)}


def openstack_options(clouds: Path, folder: Path) -> dict[str, object]:
    """A member of a project, by what the lab's clouds.yaml says; its machines are in the network `shared`."""
    auth = yaml.safe_load(clouds.read_text())["clouds"][LAB_OPTIONS["cloud"]]["auth"]
    where = urlsplit(auth["auth_url"])
    account = {
        "api_version": "2.2",
        "ex_force_auth_url": f"{where.scheme}://{where.netloc}",
        "ex_tenant_name": auth["project_name"],
    }
    return {
        "key": auth["username"],
        "secret": auth["password"],
        "account": account,
        "arguments": {"create_node": {"networks": [{"ex_list_networks": "shared"}]}},
        "images": LAB_OPTIONS["images"],
        "open": True,
        "home": str(folder),
    }


def ec2_options(url: str, folder: Path) -> dict[str, object]:
    """moto, whose public images are left out of lists."""
    where = urlsplit(url)
    account = {"host": where.hostname, "port": where.port, "secure": False, "region": REGION, "signature_version": "4"}
    return {
        "key": "suite",
        "secret": "suite",
        "account": account,
        "arguments": {"list_images": {"ex_owner": "self"}},
        "images": {"linux": IMAGES["moto"]},
        "sizes": ["t3.micro", "t3.small", "t3.medium"],
        "open": True,
        "home": str(folder),
    }


BEYOND: Mapping[str, Mapping[str, str]] = {
    "libcloud-dummy": {
        "test_list_gives_what_carries_all_the_tags_and_nothing_else": "has no volumes",
        "test_tags_come_back_whatever_is_in_them": "has no volumes",
        "test_a_volume_tells_its_size": "has no volumes",
        "test_what_a_machine_uses_is_kept_until_it_is_gone": "has no volumes",
        "test_a_machine_stops_and_starts_and_asking_again_is_fine": "stops and starts no machine",
        "test_a_start_is_not_undone_by_the_stop_before_it": "stops and starts no machine",
        "test_a_machine_keeps_its_address_over_a_stop": "stops and starts no machine",
        "test_a_stopped_machine_cannot_be_suspended_or_resumed": "stops and starts no machine",
        "test_a_stopped_machine_can_be_given_back": "stops and starts no machine",
        "test_a_machine_that_runs_is_restarted": "never comes back from a restart",
    },
}
"""What a cloud has not that libcloud reaches: target -> test -> why. Another of them has it."""
