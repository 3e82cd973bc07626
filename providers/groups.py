"""Whose machines `node:<name>` in a rule means: by which tags machines and firewalls belong together. Pure.

They are those of one service, unless they carry a group: what another broker asks for is many services here, and one
there.
"""

from __future__ import annotations

from collections.abc import Mapping

GROUP = "accords-group"
SERVICE = ("accords-installation", "accords-service")


def scope(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags that a thing has in common with those it belongs together with."""
    names = (GROUP,) if tags.get(GROUP) else SERVICE
    return {name: tags[name] for name in names if name in tags}
