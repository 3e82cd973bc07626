"""Clouds behind one Protocol. `open_provider` makes an instance of a driver; a new cloud is a file and a row here."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import cast

from providers.errors import Refused
from providers.protocol import Provider

__all__ = ["DRIVERS", "Provider", "open_provider"]

# driver -> "module:factory"; a factory takes (name, **options) and returns a Provider. Imported when it is needed.
DRIVERS: Mapping[str, str] = {
    "azure": "providers.azure:open_azure",
    "ec2": "providers.ec2:open_ec2",
    "fake": "providers.fake:open_fake",
    "local": "providers.local:open_local",
    "occi": "providers.occi:open_occi",
    "opennebula": "providers.opennebula:open_opennebula",
    "openstack": "providers.openstack:open_openstack",
}


def open_provider(name: str, driver: str, options: Mapping[str, object]) -> Provider:
    """The provider instance `name` of `driver`. Refused when there is no such driver, or not its library."""
    if driver not in DRIVERS:
        known = ", ".join(sorted(DRIVERS))
        raise Refused(f"provider {name}: no driver {driver!r}; there are {known}", provider=name)
    module, factory = DRIVERS[driver].split(":")
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as error:
        mend = f"pip install 'accords[{driver}]'"
        raise Refused(f"provider {name}: {error.name} is not installed; {mend}", provider=name) from error
    return cast(Provider, getattr(loaded, factory)(name, **options))
