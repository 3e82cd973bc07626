"""Clouds behind one Protocol. `open_provider` makes an instance of a driver; a new cloud is a file and a row here."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import cast

from providers.errors import Refused
from providers.protocol import Provider

__all__ = ["DRIVERS", "Provider", "open_provider"]

# driver -> "module:factory"; a factory takes (name, **options) and returns a Provider. Imported when it is needed. A
# driver of many clouds is named with one of them (`libcloud:openstack`); its factory takes (name, cloud, **options).
DRIVERS: Mapping[str, str] = {
    "azure": "providers.azure:open_azure",
    "ec2": "providers.ec2:open_ec2",
    "fake": "providers.fake:open_fake",
    "kvm": "providers.kvm:open_kvm",
    "libcloud:CLOUD": "providers.libcloud:open_libcloud",
    "local": "providers.local:open_local",
    "occi": "providers.occi:open_occi",
    "opennebula": "providers.opennebula:open_opennebula",
    "openstack": "providers.openstack:open_openstack",
}


def open_provider(name: str, driver: str, options: Mapping[str, object]) -> Provider:
    """The provider instance `name` of `driver`. Refused when there is no such driver, or not its library."""
    base, colon, cloud = driver.partition(":")
    row = f"{base}:CLOUD" if colon else driver
    if row not in DRIVERS or (colon and not cloud):
        known = ", ".join(sorted(DRIVERS))
        raise Refused(f"provider {name}: no driver {driver!r}; there are {known}", provider=name)
    module, factory = DRIVERS[row].split(":")
    try:
        opened = getattr(importlib.import_module(module), factory)
        return cast(Provider, opened(name, *([cloud] if colon else []), **options))
    except ModuleNotFoundError as error:
        mend = f"pip install 'accords[{base}]'"
        raise Refused(f"provider {name}: {error.name} is not installed; {mend}", provider=name) from error
