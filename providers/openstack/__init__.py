"""OpenStack, by openstacksdk: keystone, nova, neutron, glance, and cinder where the cloud has it.

A resource is one root at the cloud and, for a network and a firewall, what hangs on it. A root carries the step's
token where the cloud lets it be looked up, so that a token whose answer was lost is found; what hangs on it is
completed by whoever creates with that token again, and removed before the root is.
"""

from __future__ import annotations

from providers.opening import settings_of
from providers.openstack.driver import OpenStack
from providers.openstack.options import Options

__all__ = ["OpenStack", "Options", "open_openstack"]


def open_openstack(name: str, **options: object) -> OpenStack:
    """The provider instance `name`; `options` are the fields of `Options`. Nothing is asked of the cloud yet. Refused,
    naming each option that is wrong, and where clouds.yaml has no such cloud."""
    with settings_of(name):
        return OpenStack(name, Options.model_validate(options))
