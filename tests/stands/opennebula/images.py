"""one.image.* and one.imagepool.*: disks to make machines of, and data blocks, which are the volumes."""

from __future__ import annotations

from tests.stands.opennebula import rendering
from tests.stands.opennebula.cloud import IMAGES, SYSTEM, Cloud, mine
from tests.stands.opennebula.errors import Code, Refusal, missing, taken, unallocated
from tests.stands.opennebula.pairs import Pairs, first, merged, read, without
from tests.stands.opennebula.pools import chosen
from tests.stands.opennebula.records import Image, User
from tests.stands.opennebula.states import ImageState, ImageType


def allocate(cloud: Cloud, user: User, template: str, datastore: int, check: bool = True) -> int:
    wanted = read(template)
    size = _size(cloud, wanted, datastore)
    cloud.hold_to(user, cloud.stored(user), {"IMAGES": 1, "SIZE": size}, "DATASTORE with ID: 1")
    name = first(wanted, "NAME")
    _unused(cloud, user, name)
    kept = without(wanted, "NAME", "TYPE", "SIZE", "PERSISTENT", "PATH", "SOURCE", "FORMAT", "FS")
    image = Image(cloud.next_id("image"), user.id, name, kept, ImageType[first(wanted, "TYPE", "OS")], size)
    image.persistent = first(wanted, "PERSISTENT").upper() == "YES"
    image.ready, image.made = cloud.clock() + cloud.pace.image, cloud.stamp()
    cloud.images[image.id] = image
    return image.id


def info(cloud: Cloud, user: User, id: int, decrypt: bool = False) -> str:
    image = _found(cloud, user, id)
    return rendering.image(image, cloud.users[image.uid])


def delete(cloud: Cloud, user: User, id: int, force: bool = False) -> int:
    image = _found(cloud, user, id)
    if image.uid != user.id and not user.admin:
        raise Refusal(Code.AUTHORIZATION, f"User [{user.id}] : Not authorized to perform MANAGE IMAGE [{id}].")
    if image.machines:
        raise Refusal(
            Code.ACTION, f"Cannot delete image, it is in state {image.state.name}: used by {len(image.machines)} VMs."
        )
    if image.state is ImageState.LOCKED and not force:
        raise Refusal(Code.ACTION, f"Cannot delete image, it is in state {image.state.name}")
    del cloud.images[id]
    return id


def update(cloud: Cloud, user: User, id: int, template: str, append: int = 0) -> int:
    image = _found(cloud, user, id)
    image.attributes = merged(image.attributes, read(template)) if append else read(template)
    return id


def rename(cloud: Cloud, user: User, id: int, name: str) -> int:
    _unused(cloud, user, name)
    _found(cloud, user, id).name = name
    return id


def persistent(cloud: Cloud, user: User, id: int, wanted: bool) -> int:
    image = _found(cloud, user, id)
    if image.machines:
        raise Refusal(Code.ACTION, f"Cannot change persistent state: image is in state {image.state.name}")
    image.persistent = wanted
    return id


def pool(cloud: Cloud, user: User, who: int, start: int, end: int) -> str:
    listed = chosen(cloud.images, user, (who, start, end))
    return rendering.pool("IMAGE_POOL", [rendering.image(each, cloud.users[each.uid]) for each in listed])


def _found(cloud: Cloud, user: User, id: int) -> Image:
    image = cloud.images.get(id)
    mine(image, user, "image", id)
    assert image is not None
    return image


def _size(cloud: Cloud, wanted: Pairs, datastore: int) -> int:
    """In MB; refused where it is none, or the datastore has not so much."""
    if datastore == SYSTEM:
        raise Refusal(
            Code.INTERNAL, "Error allocating a new image. New images cannot be allocated in a system datastore."
        )
    if datastore != IMAGES:
        raise missing("datastore", datastore)
    text = first(wanted, "SIZE") or ("1024" if first(wanted, "PATH") else "")
    if not text.isdigit() or not int(text):
        raise Refusal(Code.INTERNAL, f"Cannot parse SIZE. {text}")
    if int(text) > cloud.storage - sum(each.size for each in cloud.images.values()):
        raise Refusal(Code.ACTION, "Not enough space in datastore")
    return int(text)


def _unused(cloud: Cloud, user: User, name: str) -> None:
    if not name:
        raise unallocated("image", "NAME cannot be empty.")
    for other in cloud.images.values():
        if other.name == name and other.uid == user.id:
            raise taken("image", "IMAGE", other.id)
