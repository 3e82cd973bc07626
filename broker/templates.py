"""What providers offer, as OCCI's templates: an image is an `os_tpl`, a size a `resource_tpl` (INF-20, INF-30).
Pure values: the worker makes them of its offers, the cloud row keeps them and lists them as mixins.

A term is the provider's own name where that is one, else its words and a mark made of the provider's id: the same
image or size has the same term for ever, whatever else is offered.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import floor
from typing import Any

from broker.occi.model import INFRASTRUCTURE, Attribute, Mixin, Type, split_type
from broker.store.outbox import Projection
from manifests import Offer, OfferedImage, Size

KIND = "urn:accords:template"
"""What the cloud row keeps templates as: entities of a kind that no registry knows, so that no collection has them."""

SCHEMES = "http://schemas.accords.org/occi/"
OS, RESOURCE = "os_tpl", "resource_tpl"
COMPUTE = INFRASTRUCTURE + "compute"
GIB = 1024**3

LADDER: Mapping[str, tuple[int, int]] = {
    "tiny": (1, GIB // 2),
    "small": (1, GIB),
    "medium": (2, 2 * GIB),
    "large": (4, 4 * GIB),
    "mem-small": (1, 4 * GIB),
    "mem-medium": (2, 8 * GIB),
    "mem-large": (4, 16 * GIB),
}
"""Cores and bytes of memory, offered where a provider gives any size up to a limit: as far as the limit goes. These are
the shapes of GFD.222, which knows no `tiny`."""

_DEFINITIONS: Mapping[str, Attribute] = {
    "occi.compute.cores": Attribute("occi.compute.cores", Type.INTEGER, minimum=1),
    "occi.compute.memory": Attribute("occi.compute.memory", Type.NUMBER, minimum=0, description="GiB"),
}
_TERM = re.compile(r"[a-z][a-z0-9_.-]*")
_IDS = uuid.UUID("5d0d3c0e-4b5e-5f43-9d8a-0d5b6a3c1b9e")


@dataclass(frozen=True, slots=True)
class Template:
    """`family` is `os_tpl` or `resource_tpl`; `provider` an instance's name; `image` the provider's id of an image.
    `defaults` are attributes of a compute. `pending`: an image that is being saved: nothing can be made of it yet.
    `size` is the provider's name of a size; empty where any amounts are taken."""

    scheme: str
    term: str
    title: str
    family: str
    provider: str = ""
    image: str = ""
    defaults: Mapping[str, int | float] = field(default_factory=dict)
    pending: bool = False
    size: str = ""

    @property
    def id(self) -> str:
        return self.scheme + self.term

    @property
    def mixin(self) -> Mixin:
        path = self.scheme.removeprefix(SCHEMES).partition("/")[0]
        return Mixin(
            self.scheme,
            self.term,
            f"{self.title} (being saved)" if self.pending else self.title,
            tuple(_with_default(name, value) for name, value in self.defaults.items()),
            depends=(INFRASTRUCTURE + self.family,),
            applies=(COMPUTE,),
            location=f"/{self.family}/{path}/{self.term}/",
        )

    @property
    def projection(self) -> Projection:
        return Projection(KIND, entity_of(self.id), self.title, asdict(self))


def entity_of(mixin: str) -> str:
    """The id that a mixin (its type identifier) is kept under."""
    return str(uuid.uuid5(_IDS, mixin))


def from_attributes(attributes: Mapping[str, Any]) -> Template:
    """The template that a record's attributes hold."""
    return Template(**attributes)


def gone(mixin: str) -> Projection:
    return Projection(KIND, entity_of(mixin), gone=True)


def offered(offers: Iterable[Offer], private: frozenset[str] = frozenset()) -> dict[str, Template]:
    """The templates of all offers by their type identifiers. `private` are ids of images that are one account's own."""
    found: dict[str, Template] = {}
    for offer in offers:
        for template in (*_images(offer, private), *_sizes(offer)):
            found.setdefault(template.id, template)
    return found


def changed(before: Mapping[str, Template], after: Mapping[str, Template]) -> Sequence[Projection]:
    """What has to be said of templates so that those who know `before` know `after`."""
    new = [each.projection for name, each in after.items() if before.get(name) != each]
    return [*new, *(gone(name) for name in before if name not in after)]


def saved(name: str, id: str) -> Template:
    """The template of an image that is about to be saved under a client's own name. `id` tells it from others."""
    return Template(scheme_of("saved", OS), f"{_words(name)}-{id[:8]}", name, OS, pending=True)


def filled(mixin: str, title: str, provider: str, image: str) -> Projection:
    """A template whose image was saved: from now on computes are made of it."""
    scheme, term = split_type(mixin)
    return Template(scheme, term, title or term, OS, provider, image).projection


def scheme_of(provider: str, family: str) -> str:
    return f"{SCHEMES}{provider}/{family}#"


def image_of(offer: Offer, image: OfferedImage) -> Template:
    """The template of an image that is offered."""
    title = f"{image.name} at {offer.provider}"
    return Template(scheme_of(offer.provider, OS), _term(image), title, OS, offer.provider, image.id)


def size_of(offer: Offer, size: Size) -> Template:
    """The template of a size that has a name."""
    name = str(size.name)
    return replace(_size(offer, _marked(name), name, size.cores, size.memory), size=name)


def _images(offer: Offer, private: frozenset[str]) -> Iterator[Template]:
    for image in offer.images:
        if image.id not in private:
            yield image_of(offer, image)


def _sizes(offer: Offer) -> Iterator[Template]:
    if offer.flexible:
        yield from _ladder(offer)
        return
    for size in offer.sizes:
        if size.name is not None:
            yield size_of(offer, size)


def _ladder(offer: Offer) -> Iterator[Template]:
    for term, (cores, memory) in LADDER.items():
        if any(cores <= size.cores and memory <= size.memory for size in offer.sizes):
            yield _size(offer, term, term, cores, memory)


def _size(offer: Offer, term: str, name: str, cores: int, memory: int) -> Template:
    gib = floor(memory / GIB * 1000) / 1000  # rounded up, it would be more than the size has
    title = f"{name} at {offer.provider}: {cores} core{'s' if cores != 1 else ''}, {gib:g} GiB"
    defaults: dict[str, int | float] = {"occi.compute.cores": cores, "occi.compute.memory": gib}
    return Template(scheme_of(offer.provider, RESOURCE), term, title, RESOURCE, offer.provider, "", defaults)


def _term(image: OfferedImage) -> str:
    return _marked(image.name, None if image.id == image.name else image.id)


def _marked(name: str, id: str | None = None) -> str:
    """The name, where it is a term and all there is; else its words and eight digits that follow from the id."""
    if id is None and _TERM.fullmatch(name):
        return name
    return f"{_words(name)}-{hashlib.sha256((id or name).encode()).hexdigest()[:8]}"


def _words(name: str) -> str:
    """`Debian 12 (small)` -> `debian-12-small`: a term of OCCI 1.1, too, which begins with a letter."""
    words = re.sub(r"[^a-z0-9_.]+", "-", name.lower()).strip("-.")[:40].strip("-.")
    return words if _TERM.fullmatch(words) else f"image-{words}".strip("-")


def _with_default(name: str, value: int | float) -> Attribute:
    known = _DEFINITIONS[name]
    return Attribute(known.name, known.type, default=value, minimum=known.minimum, description=known.description)
