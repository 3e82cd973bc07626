"""The historic domain of names (cords.md 1.1): `:v1` in the agreement `sla1` is called `sla1:v1`."""

from __future__ import annotations

import re

from manifests.text.tree import Element

# In XML, YAML or JSON. Most documents have none, and are not walked for it.
_SEEN = re.compile(r"""name["']?\s*[=:]\s*["']?:""")


def prefix(root: Element, text: str) -> None:
    """Give every name of the tree that begins with a colon the name of the outermost named element before it. `text` is
    what the tree was read from."""
    waiting = [(root, "")] if _SEEN.search(text) else []
    while waiting:
        element, domain = waiting.pop()
        name = element.attributes.get("name")
        if name is not None and domain and name.value.startswith(":"):
            element.attributes["name"] = name._replace(value=domain + name.value, style="elsewhere")
        outer = domain or (name.value if name is not None else "")
        waiting += [(child, outer) for child in element.children]
