"""Whose packages these are. Ours have four ordinary names that all exist on the public index: another distribution that
ships one of them overwrites ours without a word, and what would run then is neither.

So Accords lives in a virtual environment or an image of its own, and what stays (`serve`, `work`) looks before it
starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import packages_distributions

from broker.errors import Clash

OURS = "accords"
PACKAGES = ("broker", "manifests", "providers", "sla")


def strangers(owners: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Package -> the other distributions that ship it, of our four; `owners` is package -> distributions."""
    others = {package: tuple(sorted(set(owners.get(package, ())) - {OURS})) for package in PACKAGES}
    return {package: names for package, names in others.items() if names}


def refuse_strangers() -> None:
    """Clash when anybody else ships one of our packages into this environment."""
    found = strangers(packages_distributions())
    if found:
        named = ", ".join(f"{package} by {' and '.join(names)}" for package, names in found.items())
        raise Clash(
            f"packages of Accords are also installed by others: {named}",
            hint="install Accords alone, into a virtual environment of its own",
            code="install.shared",
        )
