"""Any cloud that apache-libcloud has a driver for: `libcloud:<its name there>`, by libcloud's base API alone.

What a cloud can do is read off its driver's class: which methods of `NodeDriver` it has of its own, and which arguments
they take (`providers.libcloud.shape`). What the base API has no words for is kept by us (`providers.libcloud.ledger`):
tags, and networks, of which there is one that is the cloud's own.
"""

from __future__ import annotations

from providers.errors import Refused
from providers.libcloud.options import Options
from providers.opening import settings_of
from providers.protocol import Provider

__all__ = ["Options", "open_libcloud"]


def open_libcloud(name: str, cloud: str, **options: object) -> Provider:
    """The provider instance `name` at `cloud`, a name that libcloud has a driver under; `options` are the fields of
    `Options`. Refused, naming each that is wrong, and where apache-libcloud is not installed or has no such driver."""
    try:
        with settings_of(name):
            return _opened(name, cloud, Options.model_validate(options))
    except OSError as error:
        raise Refused(f"provider {name}: {error}; correct it in the settings", provider=name) from error
    except ImportError as error:
        message = (
            f"provider {name}: {error}; install the extra `libcloud`, and what this cloud's driver needs beside it"
        )
        raise Refused(message, provider=name) from error


def _opened(name: str, cloud: str, options: Options) -> Provider:
    from providers.libcloud.driver import opened

    return opened(name, cloud, options)
