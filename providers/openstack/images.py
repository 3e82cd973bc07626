"""Images that machines can be made of: glance's, by id, by name, and by the names that the options give them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from openstack.image.v2.image import Image

from providers.errors import Refused
from providers.openstack.account import Account
from providers.protocol import OfferedImage

ID = re.compile(r"^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$")


def image_id(account: Account, wanted: str) -> str:
    """The id of an image; nova itself says when there is none of an id. Refused where a name has none, or several."""
    name = account.options.images.get(wanted, wanted)
    if ID.match(name):
        return name
    found = list(account.images.images(name=name, status="active"))
    if len(found) != 1:
        raise Refused(f"{len(found)} images are called {name!r}; name one by its id, as `accords offers` shows them")
    return str(found[0].id)


def offered(found: Image, aliases: Mapping[str, str]) -> OfferedImage:
    """An image as it is offered. Properties are those of OpenStack's table of useful image properties."""
    names = (alias for alias, meant in aliases.items() if meant in (found.id, found.name))
    return OfferedImage(
        id=str(found.id),
        name=str(found.name),
        distribution=str(found.os_distro) if found.os_distro else None,
        version=str(found.os_version) if found.os_version else None,
        architecture=str(found.architecture or "x86_64"),
        aliases=tuple(sorted(names)),
    )
