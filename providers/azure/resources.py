"""What every kind of resource here has in common, as a Resource. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from providers.azure.names import INSTALLATION, MADE, NAME, TOKEN
from providers.azure.states import DELETING, settled, word
from providers.protocol import Kind, Resource, State

MACHINE = "accords-machine"
"""Tag: the machine that an address or an image was made for."""
GOING = "going"
"""The fact of what is being deleted."""
OWN = frozenset({NAME, MACHINE})
"""Tags of this driver's, which nobody gave."""


class Named(Protocol):
    """A resource of Azure's, as its libraries have it."""

    @property
    def name(self) -> Any: ...

    @property
    def tags(self) -> Any: ...


def ours(there: Named) -> bool:
    """Whether it was made here, or is said to be: by its tags or, where somebody took them, by its name."""
    return bool({TOKEN, INSTALLATION} & {*(there.tags or {})} or MADE.fullmatch(str(there.name)))


def resource(
    kind: Kind,
    there: Named,
    provisioning: object,
    facts: Mapping[str, str | int],
    *,
    id: str = "",
    addresses: Collection[str] = (),
    state: State | None = None,
) -> Resource:
    """`state` where it is more than provisioningState tells, `id` where it is not the resource's own name."""
    tags = {str(key): str(value) for key, value in (there.tags or {}).items()}
    going: Mapping[str, str | int] = {GOING: 1} if word(provisioning) == DELETING else {}
    return Resource(
        kind,
        id or str(there.name),
        tags.get(NAME, str(there.name)),
        settled(provisioning) if state is None else state,
        tags.get(TOKEN, ""),
        {key: value for key, value in tags.items() if key not in OWN},
        tuple(addresses),
        {**facts, **going},
    )
