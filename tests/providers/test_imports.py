"""A driver, and the library it stands on, is imported by whoever opens a provider of it and by nobody else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from providers import DRIVERS

LIBRARIES: Mapping[str, frozenset[str]] = {
    "azure": frozenset({"azure", "msal"}),
    "ec2": frozenset({"libcloud"}),
    "fake": frozenset(),
    "kvm": frozenset({"libvirt"}),
    "libcloud": frozenset({"libcloud"}),
    "local": frozenset(),
    "occi": frozenset(),
    "opennebula": frozenset({"xmlrpc"}),
    "openstack": frozenset({"openstack", "keystoneauth1"}),
}
"""Driver -> what it alone stands on."""
PROGRAMS = {
    "the command line": "import broker.cli, broker.cli.clouds",
    "rows and the agents' door": "import broker.serve, broker.web, broker.door",
    "the worker": "import broker.worker",
    "the worker at work": (
        "from broker.settings import Settings; from broker.worker import open_providers\n"
        "open_providers(Settings(home='{home}', providers={{'one': {{'driver': 'fake'}}}}))"
    ),
}


def loaded(program: str) -> set[str]:
    """The names of everything that a fresh interpreter has imported at the program's end."""
    end = "\nimport sys; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program + end], capture_output=True, text=True, check=True, timeout=120)
    return set(ran.stdout.split())


def test_each_driver_says_what_it_stands_on() -> None:
    assert {each.partition(":")[0] for each in DRIVERS} == LIBRARIES.keys()


@pytest.mark.parametrize("who", PROGRAMS)
def test_nobody_imports_a_driver_that_is_not_used(who: str, tmp_path: Path) -> None:
    names = loaded(PROGRAMS[who].format(home=tmp_path))
    used = {"fake"} if who == "the worker at work" else set()
    drivers = {driver for driver in LIBRARIES if f"providers.{driver}" in names}
    assert drivers == used
    assert not {library for driver in LIBRARIES.keys() - used for library in LIBRARIES[driver]} & names


@pytest.mark.parametrize("driver", LIBRARIES)
def test_a_driver_that_is_named_is_not_imported_before_it_is_opened(driver: str) -> None:
    """Its options may be wrong; even then no other driver's library comes with it."""
    name = f"{driver}:openstack" if driver == "libcloud" else driver
    program = (
        "from providers import open_provider\n"
        "from providers.errors import ProviderError\n"
        "try:\n"
        f"    open_provider('one', {name!r}, {{'no-such-option': 1}})\n"
        "except (ProviderError, ValueError, TypeError):\n"
        "    pass"
    )
    names = loaded(program)
    foreign = {library for other in LIBRARIES.keys() - {driver} for library in LIBRARIES[other]} - LIBRARIES[driver]
    assert not foreign & names
    assert {other for other in LIBRARIES if f"providers.{other}" in names} == {driver}
