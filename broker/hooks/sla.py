"""Agreements as OCCI negotiates them (GFD.228): creating one is the offer, changing it while pending another offer,
and what was agreed stays as it is. Who may change an agreement may accept it: there is one account on either side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from broker.errors import Clash, Invalid
from broker.occi.lifecycle import CYCLES
from broker.occi.model import SLA
from broker.services import Context
from broker.store import Record, entities
from broker.times import rfc3339

AGREEMENT, LINK = f"{SLA}agreement", f"{SLA}agreement_link"
STATE, AGREED = "occi.agreement.state", "occi.agreement.agreedAt"
FROM, UNTIL = "occi.agreement.effectiveFrom", "occi.agreement.effectiveUntil"

Action = Callable[[Context, Record, Mapping[str, object]], Record]


def create(ctx: Context, record: Record) -> Record:
    """Invalid when it would end before it begins (SLA-05)."""
    _check(record)
    return record


def update(ctx: Context, before: Record, after: Record) -> Record:
    """Clash when what two parties have settled would change."""
    _check(after)
    changed = [name for name in (FROM, UNTIL) if before.attributes.get(name) != after.attributes.get(name)]
    if changed and before.attributes.get(STATE) != "Pending":
        raise Clash(f"{changed[0]} changes while an agreement is Pending alone", hint="terminate it, and offer another")
    return after


def link(ctx: Context, record: Record) -> Record:
    """SLA-09: from an agreement to any resource."""
    if str(record.source).partition(" ")[0] != AGREEMENT:
        raise Invalid("an agreement_link begins at an agreement")
    return record


def _action(term: str) -> Action:
    def action(ctx: Context, record: Record, arguments: Mapping[str, object]) -> Record:
        state = str(record.attributes.get(STATE, "Pending"))
        changed = {STATE: CYCLES[AGREEMENT].edges[state][term]}
        if term == "accept":
            changed[AGREED] = rfc3339(ctx.now())
        with ctx.store.write() as tx:
            return entities.update(tx, replace(record, attributes={**record.attributes, **changed}))

    return action


ACTIONS: Mapping[str, Action] = {term: _action(term) for term in ("accept", "reject", "suspend", "resume", "terminate")}


def _check(record: Record) -> None:
    moments = [_moment(name, record.attributes[name]) for name in (FROM, UNTIL) if name in record.attributes]
    if len(moments) == 2 and moments[1] < moments[0]:
        raise Invalid(f"{UNTIL} is before {FROM}")


def _moment(name: str, text: object) -> datetime:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError as error:
        raise Invalid(f"{name} is no moment: {text}", hint="write 2027-02-01T00:00:00Z") from error
