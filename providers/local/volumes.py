"""A volume is a folder that outlives the nodes it is mounted in. Its root belongs to the nodes' root.

Its size is what was promised, not a limit: a limit on a folder needs project quotas or a loop device, and neither is on
every machine. `facts` say so.
"""

from __future__ import annotations

import os

from providers.local import folders
from providers.local.site import Site
from providers.local.things import Volume


def make(site: Site, volume: Volume) -> None:
    """Doing it again changes nothing, and no file in it."""
    folder = site.volume(volume.id)
    if not folder.is_dir():
        folders.make(folder)
    os.chown(folder, site.uid_base, site.uid_base)


def remove(site: Site, volume: Volume) -> None:
    folders.discard(site.volume(volume.id))


def facts(site: Site, volume: Volume) -> dict[str, str | int]:
    return {"size": volume.spec.size, "host": str(site.volume(volume.id)), "limit": "none: a folder has no quota here"}
