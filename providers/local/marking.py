"""Tags put back on what is there, in its record."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace

from providers.errors import Conflict
from providers.local import lifecycle
from providers.local.locks import locked
from providers.local.programs import Deadline
from providers.local.records import Records
from providers.local.site import Site
from providers.local.things import Machine, Snapshot, Thing


def retag(site: Site, type_: type[Thing], id: str, tags: Mapping[str, str], deadline: Deadline) -> Thing:
    """Beside the tags that it has under other names. The firewall is made anew: a rule may name the node that this
    machine is from now on. A machine's own lock is taken before the home's, as everywhere."""
    records = Records(site.home)
    records.get(type_, id)  # type: ignore[type-var]  # one of the five
    with contextlib.ExitStack() as held:
        if type_ is Machine:
            held.enter_context(locked(site.node(id), deadline))
        held.enter_context(locked(site.home, deadline))
        found: Thing = records.get(type_, id)  # type: ignore[type-var]  # likewise
        if isinstance(found, Snapshot) and not found.done:
            raise Conflict(f"snapshot {id} is still being written; come again")
        records.put(replace(found, tags={**found.tags, **tags}))
        lifecycle.refresh(site, records, deadline)
    return records.get(type_, id)  # type: ignore[type-var]  # likewise
