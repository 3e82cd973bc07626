"""OpenNebula, by its XML-RPC API over httpx, with the standard library's codec.

Networks, volumes, firewalls and snapshots carry their token in their NAME, which OpenNebula lets an account give once:
the cloud itself refuses a second one. Names of machines are not so: a machine is allocated on HOLD, looked for, and
released when it is the only one of its token.
"""

from __future__ import annotations

from providers.opening import settings_of
from providers.opennebula.driver import OpenNebula
from providers.opennebula.options import Options

__all__ = ["OpenNebula", "Options", "open_opennebula"]


def open_opennebula(name: str, **options: object) -> OpenNebula:
    """The provider instance `name`; `options` are the fields of `Options`. Nothing is asked of the cloud yet. Refused,
    naming each option that is wrong, and where there is no address or no credential."""
    with settings_of(name):
        return OpenNebula(name, Options.model_validate(options))
