"""POST /plan/ {occi.plan.manifest}: what would be done, for how much, and why. Reads rows, never a cloud.

A plan is made once and does not change: its attributes hold the listing, the hash, the cost, each node's placement
with the reasons, and the steps as data, so that the service row can take exactly this plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any

from broker.errors import Invalid, InvalidDocument
from broker.hooks import adopted, keys, library
from broker.hooks.addresses import uuid_of
from broker.hooks.measuring import settled, unmeasured
from broker.metrics import looking
from broker.occi.model import CORDS
from broker.offers import cost
from broker.plans import parts_to_json
from broker.services import Context
from broker.store import Record, entities
from broker.store.offers import from_json
from manifests import Diagnostic, Manifest, Offer, Plan, errors, keys_named, place, plan

MICROSECONDS = 1_000_000


def create(ctx: Context, record: Record) -> Record:
    """The plan of the manifest it names, completed. InvalidDocument with every reason when nothing can be placed."""
    wanted = record.attributes.get("occi.plan.manifest")
    if not isinstance(wanted, str):
        raise Invalid(
            "a plan needs occi.plan.manifest", hint="post the document to /manifest/ and name what that gives"
        )
    manifest_id = uuid_of(wanted)
    name, document = _document(ctx, manifest_id, given(record.attributes))
    known = keys.known(ctx) if keys_named(document) else {}
    made, told = planned(
        document, offers(ctx), now=ctx.now(), max_age=ctx.settings.offer_max_age, order=_order(ctx), known=known
    )
    if names := adopted.wanted(record.attributes):
        made = adopted.adopting(made, names, ctx.client.get("service", "/volumes")["volumes"])
    with ctx.store.read() as tx:
        look = looking(library.library(tx, ctx.account))
        made, warnings = settled(made, look), unmeasured(made, look)
    attributes = {**attributes_of(name, made, ctx.now()), "org.accords.warnings": list(map(asdict, (*told, *warnings)))}
    return replace(record, title=name, attributes={**record.attributes, **attributes})


def planned(
    document: Manifest,
    found: Sequence[Offer],
    *,
    now: int,
    max_age: float,
    order: Sequence[str],
    known: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Plan, tuple[Diagnostic, ...]]:
    """Placed and planned, with the warnings of both; or InvalidDocument with all diagnostics. `known` are SSH keys, by
    name."""
    placed = place(document, found, now=now, max_age=round(max_age * MICROSECONDS), providers=order)
    refuse(f"manifest {document.name} cannot be placed", placed.diagnostics)
    made = plan(document, placed.placements, known)
    refuse(f"manifest {document.name} cannot be planned", made.diagnostics)
    if made.plan is None:
        raise InvalidDocument(f"manifest {document.name} gives no plan")
    return made.plan, (*placed.diagnostics, *made.diagnostics)


def refuse(what: str, found: Sequence[Diagnostic]) -> None:
    """InvalidDocument when any of the diagnostics is an error; all of them go with it."""
    if errors(found):
        raise InvalidDocument(what, hint="mend each of the diagnostics", diagnostics=list(map(asdict, found)))


def attributes_of(name: str, made: Plan, now: int) -> dict[str, Any]:
    return {
        "occi.plan.name": name,
        "occi.plan.created": now // MICROSECONDS,
        "org.accords.listing": made.listing(),
        "org.accords.hash": made.hash,
        "org.accords.cost": ", ".join(f"{amount} {currency}" for currency, amount in cost(made.placements).items()),
        **{f"org.accords.{part}": value for part, value in parts_to_json(made).items()},
    }


def given(attributes: Mapping[str, Any]) -> dict[str, str]:
    """The values of inputs that a plan is asked for with; JSON's numbers and booleans as a document writes them."""
    found = attributes.get("org.accords.inputs") or {}
    if not isinstance(found, Mapping) or not all(isinstance(each, str | int | float) for each in found.values()):
        raise Invalid("org.accords.inputs is an object of texts", hint='write {"size": "4G"}')
    return {name: _written(value) for name, value in found.items()}


def _written(value: str | int | float) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def offers(ctx: Context) -> tuple[Offer, ...]:
    """What the worker last saw at the providers, from the service row."""
    found = ctx.client.get("service", "/provider/", view="offers")
    return tuple(map(from_json, found["offers"]))


def _order(ctx: Context) -> tuple[str, ...]:
    """The order of the settings is the order of preference."""
    return tuple(ctx.settings.providers)


def _document(ctx: Context, manifest_id: str, inputs: Mapping[str, str]) -> tuple[str, Manifest]:
    """The manifest as it was meant when it was posted, filled. InvalidDocument with all that is wrong in its inputs."""
    with ctx.store.read() as tx:
        found = entities.get(tx, ctx.account, CORDS + "manifest", manifest_id)
    reading = library.reread(ctx, found, inputs=inputs)
    refuse(f"manifest {found.title} cannot be filled", reading.diagnostics)
    if not isinstance(reading.document, Manifest):
        raise Invalid(f"manifest {manifest_id} has no document that can be planned", hint="post the document again")
    return reading.document.name, reading.document
