"""What every room of this driver works with: the settings, and what changes seldom and is asked once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from lxml import etree

from providers.ec2.options import Options
from providers.ec2.wire import Call, filters, numbered
from providers.errors import Refused, Unavailable
from providers.protocol import OfferedImage, OfferedSize

MIB = 1024**2
GIB = 1024**3
TYPES_PAGE = "100"
NEW = 5.0
"""Seconds for which EC2 may not show what it made."""
PROVEN = 10.0
"""Seconds for which it is believed that the cloud hears us."""
ARCHITECTURES = {"x86_64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Image:
    """An image, with the device and the size (GiB) of its disk."""

    offered: OfferedImage
    device: str
    gib: int


@dataclass(frozen=True, slots=True)
class Subnet:
    """A part of a network, in one zone."""

    id: str
    zone: str
    cidr: str


class Account:
    """One account in one region. `now` is monotonic seconds. `subnets` by network, and `groups`, which are those of
    nodes, by network and name, do not change: they are asked for once, until something is not there (`forget`)."""

    def __init__(self, options: Options, now: Callable[[], float] = time.monotonic) -> None:
        self.options = options
        self._now = now
        self._lock = threading.Lock()
        self._zones: tuple[str, ...] = options.zones
        self._sizes: dict[str, OfferedSize] = {}
        self._images: dict[str, Image] = {}
        self._proven = float("-inf")
        self._made: dict[str, float] = {}
        self.subnets: dict[str, Sequence[Subnet]] = {}
        self.groups: dict[tuple[str, str], str] = {}

    def prove(self, call: Call) -> None:
        """That an empty answer is a true one: the zones are asked for, which cannot be empty. Unavailable where they
        are not those of our region."""
        if self._now() - self._proven < PROVEN:
            return
        self.every_zone(call)
        self._proven = self._now()

    def proven(self) -> None:
        """An answer that was not empty is as good."""
        self._proven = self._now()

    def new(self, id: str) -> None:
        """It was made just now."""
        now = self._now()
        self._made = {each: then for each, then in self._made.copy().items() if now - then < NEW} | {id: now}

    def old(self, id: str) -> None:
        """Whether it is there is no longer a matter of waiting: it was given back."""
        self._made.pop(id, None)

    def is_new(self, id: str) -> bool:
        return self._now() - self._made.get(id, float("-inf")) < NEW

    def forget(self) -> None:
        """Ask again for what was kept of networks."""
        self.subnets, self.groups = {}, {}

    def zones(self, call: Call) -> tuple[str, ...]:
        """Those that are offered, the first is where things go that name none."""
        if not self._zones:
            self._zones = self.every_zone(call)[:1]
        return self._zones

    def every_zone(self, call: Call) -> tuple[str, ...]:
        """The region's. Unavailable where it has none, which cannot be."""
        found = call.each("DescribeAvailabilityZones", "availabilityZoneInfo/item", page=None)
        region = self.options.region
        names = [each.findtext("zoneName", "") for each in found if each.findtext("regionName") == region]
        if not names:
            raise Unavailable(f"EC2 names no zone of {region}; its empty answers are not believed")
        return tuple(sorted(names))

    def sizes(self, call: Call) -> dict[str, OfferedSize]:
        """Instance types by name, asked once: the list is long, and changes with the region's hardware."""
        with self._lock:
            if not self._sizes:
                wanted = numbered("InstanceType", self.options.sizes)
                page = None if wanted else TYPES_PAGE
                found = call.each("DescribeInstanceTypes", "instanceTypeSet/item", wanted, page)
                self._sizes = {each.findtext("instanceType", ""): _size(each) for each in found}
            return self._sizes

    def size(self, call: Call, name: str | None) -> OfferedSize:
        """Refused where it is not offered."""
        found = self.sizes(call).get(name or "")
        if found is None:
            raise Refused(f"there is no size {name!r} in {self.options.region}; take one that is offered")
        return found

    def images(self, call: Call) -> list[Image]:
        """Those that the settings name, and our own account's."""
        named = sorted(set(self.options.images.values()))
        found = list(_described(call, numbered("ImageId", named), None)) if named else []
        own = list(_described(call, {"Owner.1": "self"}))
        self._images |= {each.offered.id: self._called(each) for each in [*found, *own]}
        return [self._images[id] for id in dict.fromkeys(each.offered.id for each in [*found, *own])]

    def image(self, call: Call, id: str) -> Image:
        """By id; Refused where there is none such. Images do not change."""
        if id not in self._images:
            found = list(_described(call, filters({"image-id": id}))) if id.startswith("ami-") else []
            if not found:
                raise Refused(f"there is no image {id!r}; take one that is offered")
            self._images[id] = self._called(found[0])
        return self._images[id]

    def _called(self, image: Image) -> Image:
        names = tuple(name for name, id in self.options.images.items() if id == image.offered.id)
        return replace(image, offered=replace(image.offered, aliases=names))


def _described(call: Call, params: dict[str, str], page: str | None = "1000") -> Iterator[Image]:
    for each in call.each("DescribeImages", "imagesSet/item", params, page):
        if each.findtext("imageState") != "available":
            continue
        id, architecture = each.findtext("imageId", ""), each.findtext("architecture", "")
        offered = OfferedImage(id, each.findtext("name") or id, architecture=_architecture(architecture))
        device = each.findtext("rootDeviceName", "")
        sizes = {
            it.findtext("deviceName", ""): it.findtext("ebs/volumeSize")
            for it in each.iterfind("blockDeviceMapping/item")
        }
        yield Image(offered, device, int(sizes.get(device) or 0))


def _size(found: etree._Element) -> OfferedSize:
    return OfferedSize(
        found.findtext("instanceType", ""),
        int(found.findtext("vCpuInfo/defaultVCpus") or 0),
        int(found.findtext("memoryInfo/sizeInMiB") or 0) * MIB,
        int(found.findtext("instanceStorageInfo/totalSizeInGB") or 0) * 10**9,
        _architecture(found.findtext("processorInfo/supportedArchitectures/item[last()]") or ""),
    )


def _architecture(word: str) -> str:
    return ARCHITECTURES.get(word, word or "x86_64")
