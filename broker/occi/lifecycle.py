"""Life cycles as tables: which action may be done in which state, and where it leads (GFD.224 section 3, cords.md 2.4).

    compute   inactive -start-> active -stop-> inactive;  active -suspend-> suspended -start-> active;
              restart and save in active only; no edge leaves error (INF-02)
    network   inactive -up-> active -down-> inactive              storage   offline -online-> online -offline-> offline
    links     inactive -> active, by the server alone (INF-03)
    platform  active -stop-> inactive -start-> active (GFD.227)
    agreement Pending -accept-> Accepted -suspend-> Suspended -resume-> Accepted; reject, terminate (GFD.228)
    service   our own states; CORDS' integer follows from them (`states`)

An action that no table names is listed by `/-/` and offered by no instance; no state forbids it, and whether anybody
carries it out is the web layer's question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from broker.occi.errors import Unfit
from broker.occi.model import CORDS, INFRASTRUCTURE, PLATFORM, SLA, Action, Entity
from broker.occi.registry import Registry


@dataclass(frozen=True, slots=True)
class Cycle:
    """`attribute` holds the state; `edges`: state -> action's term -> the state it leads to."""

    attribute: str
    initial: str
    edges: Mapping[str, Mapping[str, str]]


_MACHINE = {
    "inactive": {"start": "active"},
    "active": {"stop": "inactive", "restart": "active", "suspend": "suspended", "save": "active"},
    "suspended": {"start": "active"},
}
_BUSY = {"cancel": "releasing"}
_INSTEAD = {
    "http://schemas.accords.org/occi/service/action#cancel": (
        "Only what is being deployed can be cancelled; release gives back what was made. "
    ),
}
"""What to do in place of an action that a state forbids, before what is applicable."""
_SERVICE = {
    "pending": _BUSY,
    "deploying": _BUSY,
    "active": {
        "start": "starting",  # of a node that was stopped by itself
        "stop": "stopping",
        "restart": "starting",
        "suspend": "suspending",
        "save": "saving",
        "invoke": "active",
        "release": "releasing",
    },
    "stopped": {"start": "starting", "save": "saving", "release": "releasing"},
    "suspended": {"start": "starting", "save": "saving", "release": "releasing"},
    "failed": {"retry": "deploying", "start": "starting", "release": "releasing"},
}
# cords.md 2.4: 0 idle, 1 active, 2 suspended, 4 invalid, 8 working
_CONTRACT = {
    "0": {"start": "1"},
    "1": {"stop": "0", "restart": "1", "suspend": "2", "save": "1"},
    "2": {"start": "1", "restart": "1"},
}

# GFD.227: an application begins active, the opposite of a machine
_PLATFORM = {"active": {"stop": "inactive"}, "inactive": {"start": "active"}}
_AGREEMENT = {  # GFD.228
    "Pending": {"accept": "Accepted", "reject": "Rejected"},
    "Accepted": {"suspend": "Suspended", "terminate": "Terminated"},
    "Suspended": {"resume": "Accepted", "terminate": "Terminated"},
}

CYCLES: Mapping[str, Cycle] = {
    f"{INFRASTRUCTURE}compute": Cycle("occi.compute.state", "inactive", _MACHINE),
    f"{INFRASTRUCTURE}network": Cycle(
        "occi.network.state", "inactive", {"inactive": {"up": "active"}, "active": {"down": "inactive"}}
    ),
    f"{INFRASTRUCTURE}storage": Cycle(
        "occi.storage.state", "offline", {"offline": {"online": "online"}, "online": {"offline": "offline"}}
    ),
    f"{INFRASTRUCTURE}networkinterface": Cycle("occi.networkinterface.state", "inactive", {}),
    f"{INFRASTRUCTURE}storagelink": Cycle("occi.storagelink.state", "inactive", {}),
    f"{PLATFORM}application": Cycle("occi.app.state", "active", _PLATFORM),
    f"{PLATFORM}component": Cycle("occi.component.state", "active", _PLATFORM),
    f"{SLA}agreement": Cycle("occi.agreement.state", "Pending", _AGREEMENT),
    f"{CORDS}service": Cycle("org.accords.state", "pending", _SERVICE),
    f"{CORDS}contract": Cycle("occi.contract.state", "0", _CONTRACT),
}


def state(entity: Entity) -> str | None:
    """The entity's state as its life cycle's tables write it; None for a kind without one."""
    cycle = CYCLES.get(entity.kind)
    return None if cycle is None else str(entity.attributes.get(cycle.attribute, cycle.initial))


def applicable(registry: Registry, entity: Entity) -> tuple[Action, ...]:
    """The actions that can be done with the entity now (ACT-07), `start` first."""
    return _applicable(registry, entity.kind, entity.mixins, state(entity))


def after(entity: Entity, action: Action) -> str | None:
    """The state the action leads to, None if no table says; Unfit when the entity's state forbids it (ACT-04)."""
    cycle, now = CYCLES.get(entity.kind), state(entity)
    if cycle is None or not any(action.term in edges for edges in cycle.edges.values()):
        return None
    edges = cycle.edges.get(now or "", {})
    if action.term not in edges:
        raise Unfit(
            f'Action {action.term} is not applicable to {entity.title or entity.id} in state "{now}".',
            hint=f"{_INSTEAD.get(action.id, '')}Applicable: {', '.join(sorted(edges)) or 'nothing until it is over'}.",
            term=action.id,
        )
    return edges[action.term]


@lru_cache(maxsize=2048)
def _applicable(registry: Registry, kind: str, mixins: tuple[str, ...], now: str | None) -> tuple[Action, ...]:
    cycle = CYCLES.get(kind)
    if cycle is None or kind not in registry.kinds:
        return ()
    edges = cycle.edges.get(now or "", {})
    found = [each for each in registry.actions_of(kind, mixins).values() if each.term in edges]
    return tuple(sorted(found, key=lambda each: each.term != "start"))
