"""Nodes on this machine: unprivileged LXC system containers, without a daemon. `open_local` makes the driver.

A resource is one JSON file under the home folder and what the kernel shows; nothing is kept in memory, so that any
number of processes and threads may use the same home, and calling again repairs what a crash left half-way.
"""

from __future__ import annotations

from providers.local.provider import Local
from providers.local.site import Options, Site

__all__ = ["Local", "Options", "Site", "open_local"]


def open_local(name: str, **options: object) -> Local:
    """The provider instance `name`; `options` are the fields of `Options`. Refused when one of them is wrong."""
    return Local(name, Site.of(name, options))
