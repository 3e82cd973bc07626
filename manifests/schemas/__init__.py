"""The schemas as files, written by `python -m manifests.schemas` from the grammar: `path("cords.xsd")` is one of them.

Nobody edits them; a test fails when one is not what the grammar says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

_SCHEMES = "http://www.compatibleone.fr/schemes/"


class Published(NamedTuple):
    """`write` makes the text; `what` says for which documents it is."""

    media_type: str
    what: str
    write: Callable[[], str]


def _xsd(root: str = "", namespace: str = "") -> str:
    from manifests.schemas.xsd import schema

    return schema(_SCHEMES + namespace, (root,)) if root else schema()


def _json() -> str:
    from manifests.schemas.json_schema import schema

    return schema()


PUBLISHED: Mapping[str, Published] = {
    "cords.xsd": Published("application/xml", "XML without a namespace: every document", _xsd),
    "manifest.xsd": Published(
        "application/xml", "manifests in the namespace of manifests", partial(_xsd, "manifest", "manifest.xsd")
    ),
    "slam.xsd": Published(
        "application/xml", "agreements in the namespace of agreements", partial(_xsd, "agreement", "slam.xsd")
    ),
    "cords.schema.json": Published("application/schema+json", "YAML and JSON: every document", _json),
}


def path(name: str) -> Path:
    """Where a schema's file is; KeyError when there is none of that name."""
    if name not in PUBLISHED:
        raise KeyError(name)
    return Path(__file__).parent / name


def stale() -> list[str]:
    """The names of the files that are not what the grammar says now."""
    return [
        name
        for name, published in PUBLISHED.items()
        if not path(name).is_file() or path(name).read_text(encoding="utf-8") != published.write()
    ]


def publish() -> list[str]:
    """Write the files anew; answers the names of those that changed."""
    changed = stale()
    for name in changed:
        path(name).write_text(PUBLISHED[name].write(), encoding="utf-8")
    return changed
