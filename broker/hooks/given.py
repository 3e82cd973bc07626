"""The secret inputs of a service: they come with the POST that makes it, as `org.accords.secrets`, and go to the table
of secrets. No entity, plan, journal or answer ever holds one.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import Any

from broker.errors import Clash, Invalid, InvalidDocument, Missing
from broker.store import Service, Transaction, secrets
from manifests import Document, Input, Manifest, Plan, input_problem, nearest

ATTRIBUTE = "org.accords.secrets"
_DECLARED = ("name", "type", "default", "allowed", "secret", "description")


def declared(document: Document | None) -> list[dict[str, object]]:
    """What a document leaves open, for whoever will give it."""
    if not isinstance(document, Manifest):
        return []
    return [{name: getattr(one, name) for name in _DECLARED} for one in document.inputs]


def taken(attributes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The attributes without the secrets, and the secrets by the names of their inputs."""
    given = attributes.get(ATTRIBUTE) or {}
    if not isinstance(given, Mapping) or not all(isinstance(value, str) for value in given.values()):
        raise Invalid(f"{ATTRIBUTE} is an object of texts", hint='write {"password": "..."}')
    return {name: value for name, value in attributes.items() if name != ATTRIBUTE}, dict(given)


def wanted(plan: Plan) -> tuple[Input, ...]:
    """The secret inputs of a plan: those that its steps wait for."""
    steps = (step.inputs for step in plan.steps if step.verb == "given")
    return tuple(Input(str(said["name"]), str(said["type"]), secret=True) for said in steps)


def check(plan: Plan, given: Mapping[str, str]) -> None:
    """InvalidDocument with everything that is missing, unknown or not of its type; never with a value."""
    found = list(_problems(plan, given))
    if found:
        what = f"the secret inputs of {plan.service} are not as they must be"
        raise InvalidDocument(what, hint=f"give them with the service: {ATTRIBUTE}", diagnostics=found)


def keep(tx: Transaction, account: str, service: str, given: Mapping[str, str]) -> None:
    """Into the table, where the steps of the service find them."""
    for name, value in given.items():
        secrets.put(tx, account, service, value, id=secrets.of_input(service, name))


def check_same(tx: Transaction, there: Service, given: Mapping[str, str]) -> None:
    """Clash when a service that is there was made with other secrets than these."""
    for name, value in given.items():
        try:
            kept = secrets.reveal(tx, there.account, there.id, secrets.of_input(there.id, name))
        except Missing:
            continue  # it has none of that name: then it was made of another plan, which is said of it
        if not hmac.compare_digest(kept.encode(), value.encode()):
            raise Clash(
                f"the service {there.name} was made with another value of the secret input {name}",
                hint="give this one another name, or release that one first",
                service=there.id,
            )


def _problems(plan: Plan, given: Mapping[str, str]) -> Iterator[dict[str, object]]:
    known = {one.name: one for one in wanted(plan)}
    for name in known.keys() - given.keys():
        hint = f"--set {name}=VALUE, a line {name}=VALUE in the file of --env, or answer when it is asked for"
        yield _said("input-missing", f"the secret input {name} has no value", hint)
    for name, value in given.items():
        if name not in known:
            yield _said("input-unknown", f"there is no secret input {name[:60]!r}", nearest(name, known))
        elif wrong := input_problem(known[name], value):
            yield _said("input-value", f"the value given for the secret input {name}: {wrong}", "")


def _said(code: str, summary: str, hint: str) -> dict[str, object]:
    return {"severity": "error", "code": code, "line": 0, "column": 0, "summary": summary, "hint": hint}
