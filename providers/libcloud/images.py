"""Images: those that libcloud lists, and those that the settings name and a driver gives singly. Some clouds have ten
thousand: `arguments: {list_images: …}` narrows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from providers.errors import NotFound, Refused
from providers.libcloud import shape
from providers.libcloud.account import Session
from providers.protocol import OfferedImage

ARCHITECTURES: Mapping[str, str] = {"arm64": "aarch64", "aarch64": "aarch64"}
DISTRIBUTION, VERSION = ("os_distro", "distribution"), ("os_version",)


def one(session: Session, id: str) -> Any:
    """libcloud's own, by id or name; one that is not listed is asked for. Refused where there is none."""
    try:
        return session.named("list_images", id)
    except Refused:
        if not shape.has(session.shape, "get_image"):
            raise
    try:
        return session.ask("get_image", id)
    except (NotFound, Refused) as error:
        raise Refused(f"there is no image {id!r}; take one that is offered") from error


def offered(session: Session) -> Sequence[OfferedImage]:
    """As they are now."""
    session.account.kept.pop("list_images", None)
    listed = session.things("list_images")
    known = {str(each.id) for each in listed} | {str(each.name) for each in listed}
    further = [one(session, each) for each in sorted({*session.account.options.images.values()} - known)]
    return [_offered(session.account.options.images, each) for each in [*listed, *further]]


def _offered(called: Mapping[str, str], image: Any) -> OfferedImage:
    id, name, extra = str(image.id), str(image.name), image.extra or {}
    architecture = str(extra.get("architecture") or "x86_64")
    return OfferedImage(
        id,
        name,
        _first(extra, DISTRIBUTION),
        _first(extra, VERSION),
        ARCHITECTURES.get(architecture, architecture),
        tuple(alias for alias, wanted in called.items() if wanted in {id, name}),
    )


def _first(extra: Mapping[str, Any], words: Sequence[str]) -> str | None:
    return next((str(extra[word]) for word in words if extra.get(word)), None)
