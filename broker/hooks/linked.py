"""What of a client's own a compute is made with: the networks, storages and firewall that its inline links lead to.
Each is a service of its own, which the compute's service uses: its plan waits for them, and they stay while it is
there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from broker.errors import Clash, Unable
from broker.hooks.links import ADDRESS, FIREWALL, NETWORK, STORAGE
from broker.hooks.owned import ALONE, PROVIDER, SERVICE, name_of, slug
from broker.services import Context
from broker.store import Record, Transaction, entities, sharing
from manifests import Offer, Plan, Ref, Step, Value, node_of, ordered, refs

MOUNTPOINT = "occi.storagelink.mountpoint"


@dataclass(frozen=True, slots=True)
class Use:
    """`key` is what the service of the network or storage is known by; `provider` has it. `link` is the link's id;
    `at` the directory a storage is mounted at, or the address in a network, empty for any."""

    key: str
    kind: str
    entity: str
    link: str
    provider: str
    at: str = ""


def key_of(kind: str, id: str) -> str:
    """`/network/<id>`: no node is called so."""
    return f"/{kind.rpartition('#')[2]}/{id}"


def uses(tx: Transaction, ctx: Context) -> tuple[Use, ...]:
    """What the links in a compute's own request lead to. Clash for what no machine can be made with."""
    found = tuple(_use(tx, link) for link in ctx.links)
    places = sorted({each.provider for each in found})
    if len(places) > 1:
        raise Clash(
            f"its networks and storages are at {' and '.join(places)}: no machine is at both",
            hint="link what is at one provider; org.accords.provider says where, and chooses it at creation",
        )
    return found


def _use(tx: Transaction, link: Record) -> Use:
    kind, _, id = str(link.target).partition(" ")
    there = entities.find(tx, link.account, kind, id) if id else None
    if there is None:
        raise Clash(f"{link.target} is not there: a machine is linked to what is", hint="make it first, then link it")
    if not there.attributes.get(ALONE):
        raise Clash(
            f"{name_of(there)} cannot be used by a compute of yours: {_whose(there)}", hint="make one, and link that"
        )
    said = link.attributes.get(MOUNTPOINT) or f"/srv/{slug(there.title) or id[:8]}"
    at = str(said) if kind == STORAGE else str(link.attributes.get(ADDRESS) or "").partition("/")[0]
    return Use(key_of(kind, id), kind, id, link.id, str(there.attributes[PROVIDER]), at)


def _whose(there: Record) -> str:
    service = there.attributes.get(SERVICE)
    return f"it belongs to {service}" if service else "it is an entity, and nothing runs for it"


def provider(found: Sequence[Use]) -> str | None:
    """Where a compute has to be for them."""
    return found[0].provider if found else None


def check(found: Sequence[Use], offers: Sequence[Offer]) -> None:
    """Unable when an address is asked for where the provider gives them out."""
    able = {each.provider for each in offers if "fixed" in each.abilities}
    for use in found:
        if use.kind == NETWORK and use.at and use.provider not in able:
            hint = f"leave {ADDRESS} out: it is seen as soon as the machine is there"
            raise Unable(f"{use.provider} gives out addresses itself, and {use.at} cannot be asked for", hint=hint)


def joined(made: Plan, found: Sequence[Use], *, bare: bool = False) -> Plan:
    """The plan of a compute on these networks and behind this firewall in place of its own, and with these volumes.
    `bare`: with nothing of its own: another broker links all that its machine shall have."""
    if not (found or bare):
        return made
    machine = next(step for step in made.steps if step.subject.startswith("machine/"))
    steps = {use: use_step(node_of(machine.id), use) for use in found}
    networks = {use: step.id for use, step in steps.items() if use.kind == NETWORK}
    whole = made
    for what, kind in (("network", NETWORK), ("firewall", FIREWALL)):
        used = [Ref(step.id, "id") for use, step in steps.items() if use.kind == kind]
        whole = _instead(whole, what, used[0] if used else None) if used or bare else whole
    own = {**_volumes(steps), **(_interfaces(networks) if networks else {})}
    linked = (_with(step, own) if step.id == machine.id else step for step in whole.steps)
    return replace(whole, steps=ordered([*linked, *steps.values()]))


def _volumes(steps: Mapping[Use, Step]) -> dict[str, tuple[Value, ...]]:
    on = ((use, step) for use, step in steps.items() if use.kind == STORAGE)
    return {"volumes": tuple({"volume": Ref(step.id, "id"), "mountpoint": use.at} for use, step in on)}


def _interfaces(networks: Mapping[Use, str]) -> dict[str, tuple[Value, ...]]:
    """What a machine's step has of its networks beside the first's id."""
    fixed = tuple(use.at for use in networks)
    return {
        "further": tuple(Ref(step, "id") for step in list(networks.values())[1:]),
        "gateways": tuple(Ref(step, "gateway") for step in networks.values()),
        "addresses": fixed if any(fixed) else (),
    }


def use_step(node: str, use: Use) -> Step:
    """What counts a node in among the users."""
    inputs: dict[str, Value] = {"key": use.key, "entity": use.entity, "link": use.link}
    return Step(f"{node}.0.use.{use.link}", "use", f"instance/{node}", inputs)


def _instead(made: Plan, what: str, other: Ref | None) -> Plan:
    """Without the network or firewall it would have had, and with this one or none."""
    former = {step.id for step in made.steps if step.subject.startswith(f"{what}/")}

    def moved(step: Step) -> Step:
        inputs = {**step.inputs, what: other} if what in step.inputs else step.inputs
        more = {other.step} if other is not None and what in inputs else set()
        return replace(step, inputs=inputs, needs=tuple(sorted({*step.needs} - former | more)))

    return replace(made, steps=tuple(moved(step) for step in made.steps if step.id not in former))


def _with(step: Step, own: Mapping[str, tuple[Value, ...]]) -> Step:
    """The machine's step with more of each, which it waits for."""
    more = {ref.step for value in own.values() for ref in refs(value)}
    return replace(step, inputs={**step.inputs, **own}, needs=tuple(sorted({*step.needs, *more})))


def count(tx: Transaction, account: str, service: str, name: str, made: Plan) -> None:
    """In the transaction that makes a service: what it is to others, and what it uses from now on, though its walk has
    not begun. Clash when what it uses went meanwhile."""
    for step in made.steps:
        key = str(step.inputs.get("key") or "")
        if key and step.verb == "create":
            sharing.make(tx, account, key, service, name)
        elif key and step.verb == "use":
            if sharing.find(tx, account, key) is None:
                raise Clash(f"{key} went while this was asked for", hint="make another, and link that")
            sharing.join(tx, account, key, service, node_of(step.id))
