"""What keeps a libcloud provider from working, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from providers.errors import Auth, ProviderError, Unavailable
from providers.libcloud import images, shape
from providers.libcloud.account import Session
from providers.protocol import Problem

MENDS: dict[type[ProviderError], str] = {
    Auth: "correct `key` and `secret`, or what the driver takes for them in `account`",
    Unavailable: "see that the cloud can be reached from here, and what `account` says of where it is",
}


def problems(session: Session) -> Sequence[Problem]:
    """Every one that a look finds; those of the driver itself make the others moot."""
    found = [*_driver(session)] or [*_tried(lambda: session.ask("list_nodes"))]
    return found or [*_open(session), *_tried(session.location), *_sizes(session), *_images(session)]


def _open(session: Session) -> Iterator[Problem]:
    if not session.account.options.open:
        mend = "say `open: true` where something else closes nodes, or they may be open; see docs/providers/libcloud.md"
        yield Problem("no node is placed here: libcloud has no firewalls, and a node is closed but for its ports", mend)


def _driver(session: Session) -> Iterator[Problem]:
    try:
        lacking = [each for each in shape.BASE if not shape.has(session.shape, each)]
    except ProviderError as error:
        yield Problem(
            error.message, "correct `key`, `secret` and `account`: they are what libcloud's driver is made with"
        )
        return
    if lacking:
        said = f"libcloud's driver of {session.account.cloud} has no {', '.join(lacking)}"
        yield Problem(said, "no machine can be made there by it; choose another provider")


def _tried(look: Callable[[], object]) -> Iterator[Problem]:
    try:
        look()
    except ProviderError as error:
        yield Problem(error.message, MENDS.get(type(error), "look at what the provider says"))


def _sizes(session: Session) -> Iterator[Problem]:
    for name in session.account.options.sizes:
        for problem in _tried(lambda name=name: session.named("list_sizes", name)):  # type: ignore[misc]  # bound now
            yield Problem(f"size {name}: {problem.what}", "name sizes that are there in `sizes`")


def _images(session: Session) -> Iterator[Problem]:
    mend = "name images that are there in `images`: name -> id or name"
    for alias, wanted in session.account.options.images.items():
        for problem in _tried(lambda wanted=wanted: images.one(session, wanted)):  # type: ignore[misc]  # bound now
            yield Problem(f"image {alias}: {problem.what}", mend)
