"""Which image of a provider a `system` element means. Never a partial match (architecture.md, Images).

In this order: the provider's own id or name; its alias table; the properties distribution and version. The system
`linux` without a distribution is whatever the provider starts by default.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from manifests.model import System
from manifests.offers import OfferedImage

DEFAULT_SYSTEM = "linux"
# What people and vendors call one architecture; the historic words are cords.md 1.3's.
_ARCHITECTURES = {
    "amd64": "x86_64", "x64": "x86_64", "intel": "x86_64", "x86": "x86_64", "arm64": "aarch64",
    **{f"x{n}86": "x86_64" for n in range(2, 7)}, **{f"i{n}86": "x86_64" for n in range(3, 7)},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chosen:
    """`image` None: nothing matches, and `reason` says what was asked and which three are nearest."""

    image: OfferedImage | None
    reason: str


def architecture(text: str | None) -> str | None:
    """One spelling for each architecture; None stays None, unknown ones stay as they are."""
    return _ARCHITECTURES.get(text.lower(), text.lower()) if text else None


def choose(system: System | None, wanted: str | None, images: Sequence[OfferedImage]) -> Chosen:
    """The first image that matches, among those of the architecture `wanted` (None: any)."""
    name = system.name if system and system.name else DEFAULT_SYSTEM
    fitting = [image for image in images if wanted in (None, architecture(image.architecture))]
    if system:
        fitting = [image for image in fitting if not _contradicts(system, image)]
    for why, matches in _RULES:
        for image in fitting:
            if matches(system, name, image):
                return Chosen(image, f"image {image.name}: {why}")
    if name == DEFAULT_SYSTEM and not (system and system.distribution) and fitting:
        return Chosen(fitting[0], f"image {fitting[0].name}: the default here")
    return Chosen(None, f"has no image {_asked(system, name, wanted)}; {_nearest(name, images)}")


_Rule = Callable[[System | None, str, OfferedImage], bool]
_RULES: tuple[tuple[str, _Rule], ...] = (
    ("its id here", lambda _, name, image: name == image.id),
    ("its name here", lambda _, name, image: name == image.name),
    ("an alias of it here", lambda _, name, image: name in image.aliases),
    (
        "its distribution and version",
        lambda system, name, image: (
            bool(image.distribution) and _same((system.distribution if system else None) or name, image.distribution)
        ),
    ),
)


def _same(one: str, other: str | None) -> bool:
    return other is not None and one.lower() == other.lower()


def _contradicts(system: System, image: OfferedImage) -> bool:
    """What the provider knows about the image is not what the document asks."""
    pairs = ((system.distribution, image.distribution), (system.version, image.version))
    return any(asked and known and not _same(asked, known) for asked, known in pairs)


def _asked(system: System | None, name: str, wanted: str | None) -> str:
    parts = [name, system.distribution if system else None, system.version if system else None, wanted]
    return " ".join(dict.fromkeys(part for part in parts if part))


def _nearest(name: str, images: Sequence[OfferedImage]) -> str:
    if not images:
        return "it has none at all"
    ranked = sorted(images, key=lambda i: (-SequenceMatcher(None, name[:60], i.name[:60]).ratio(), i.name))
    return "nearest: " + ", ".join(image.name for image in ranked[:3])
