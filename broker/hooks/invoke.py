"""POST /service/<id>?action=invoke {method, arguments}: a method of the interface of what runs (cords.md 1.3).

Who asks for a method that there is not is told at once, before anything is stored; what the method does is an operation
like any other, and how it ended is in the report. A service stays what it is when a method of it fails.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from broker.errors import Invalid, Missing
from broker.occi.model import CORDS
from broker.plans import plan_from_json
from broker.services import Context
from broker.store import Record, entities, operations

SERVICE = CORDS + "service"
MOST_ARGUMENTS = 64
LONGEST_ARGUMENT = 4096
"""Characters of one argument: it is part of a script."""


def invoke(ctx: Context, record: Record, arguments: Mapping[str, object]) -> Record:
    """Submit the operation. Missing with the nearest method's name, Invalid for arguments that are no texts, Clash when
    the service does not run."""
    given = texts(arguments.get("arguments") or ())
    with ctx.store.write() as tx:
        deploy = operations.latest(tx, ctx.account, record.id, kind="deploy")
        known = plan_from_json(deploy.plan_json).interface if deploy and deploy.plan_json else {}
        asked = {"method": method(str(arguments["method"]), known), "arguments": given}
        operations.submit(tx, ctx.account, record.id, "invoke", arguments=asked)
        return entities.get(tx, ctx.account, SERVICE, record.id)


def method(name: str, known: Iterable[str]) -> str:
    """The method of that name, whose case does not matter; Missing, with the nearest and all there are."""
    names = {each.lower(): each for each in known}
    if name.lower() in names:
        return names[name.lower()]
    near = difflib.get_close_matches(name.lower(), names, 1)
    listed = ", ".join(sorted(names.values())) or "none: its manifest has no interface"
    meant = f"did you mean {names[near[0]]}? " if near else ""
    raise Missing(f"the service has no method {name[:60]!r}", hint=f"{meant}methods: {listed}")


def texts(given: object) -> list[str]:
    """The arguments as the texts that scripts get."""
    many = list(given) if isinstance(given, list | tuple) else None
    if many is None or not all(isinstance(each, str) for each in many):
        raise Invalid("arguments is a list of texts", hint='write "arguments": ["a", "b"]')
    if len(many) > MOST_ARGUMENTS or any(len(each) > LONGEST_ARGUMENT or "\0" in each for each in many):
        hint = f"at most {MOST_ARGUMENTS}, each of at most {LONGEST_ARGUMENT} characters without NUL"
        raise Invalid("these arguments cannot be given to a script", hint=hint)
    return many
