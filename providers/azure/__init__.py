"""Azure, by its own management libraries: one resource group of one subscription, in one region.

Names of resources are ours to choose there, and asking for the same name again is asking for the same thing: what a
token makes is named after it, so that a token is looked up by one request and can make nothing twice. Everything that
changes something takes a while there and is not waited for: what a thing is doing is read from its own state.
"""

from __future__ import annotations

from providers.azure.driver import Azure
from providers.azure.options import Options
from providers.opening import settings_of

__all__ = ["Azure", "Options", "open_azure"]


def open_azure(name: str, **options: object) -> Azure:
    """The provider instance `name`; `options` are the fields of `Options`. Nothing is asked of the cloud yet. Refused,
    naming each option that is wrong."""
    with settings_of(name):
        return Azure(name, Options.model_validate(options))
