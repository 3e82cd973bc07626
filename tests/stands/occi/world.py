"""What a stand-in has: entities with their links, as a cloud behind an OCCI server of others keeps them. No HTTP."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

INFRASTRUCTURE = "http://schemas.ogf.org/occi/infrastructure#"
ACTIONS: Mapping[str, Mapping[str, str]] = {
    "start": {"stopped": "running", "suspended": "running"},
    "stop": {"running": "stopped"},
    "restart": {"running": "running"},
    "suspend": {"running": "suspended"},
}
"""Action -> state -> the state it leads to."""


class Wrong(Exception):
    """A request that the server says no to."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class Thing:
    term: str
    id: str
    attributes: dict[str, Any]
    mixins: list[str]
    state: str
    ready: float = 0.0
    ends: dict[str, str] = field(default_factory=dict)


class World:
    """`building`: seconds that a compute takes to be there."""

    def __init__(self, dialect: Mapping[str, Any], building: float = 0.0) -> None:
        self.dialect = dialect
        self.building = building
        self.things: dict[tuple[str, str], Thing] = {}
        self.lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._addresses = itertools.count(2)

    def make(self, term: str, mixins: list[str], attributes: dict[str, Any], links: list[dict[str, str]]) -> Thing:
        with self.lock:
            for link in links:
                self._must_be_there(link["term"], link["target"])
            made = self._made(term, mixins, attributes)
            for link in links:
                self.link(link["term"], made.id, link["target"])
            return made

    def _made(self, term: str, mixins: list[str], attributes: dict[str, Any]) -> Thing:
        missing = [name for name in self.dialect["needs"].get(term, ()) if name not in attributes]
        if missing:
            raise Wrong(400, f"missing {missing}")
        lost = set() if "summary" in self.dialect["keeps"] else {"occi.core.summary"}
        known = {name: value for name, value in attributes.items() if name not in lost}
        state = "building" if term == "compute" else "there"
        thing = Thing(term, self._id(), known, mixins, state, time.monotonic() + self.building)
        if term == "compute":
            self._sized(thing)
        self.things[term, thing.id] = thing
        return thing

    def _sized(self, compute: Thing) -> None:
        """One template of each family, and what the size says."""
        chosen = {}
        for family in ("images", "sizes"):
            scheme = self.dialect[family]["scheme"]
            terms = [each.removeprefix(scheme) for each in compute.mixins if each.startswith(scheme)]
            if len(terms) != 1 or terms[0] not in self.dialect[family]["terms"]:
                raise Wrong(400, f"exactly one of the {family} is needed, not {terms}")
            chosen[family] = self.dialect[family]["terms"][terms[0]]
        cores, mebibytes, _ = chosen["sizes"]
        memory = mebibytes / self.dialect["mebibytes"]
        compute.attributes |= {"occi.compute.cores": cores, "occi.compute.memory": memory}

    def link(self, term: str, source: str, target: str) -> Thing:
        self._must_be_there(term, target)
        address = f"10.0.{next(self._addresses) % 250}.{next(self._addresses) % 250 + 2}"
        own = {"occi.networkinterface.address": address} if term == "networkinterface" else {}
        made = Thing(term, f"{source}_{target}_{address}", own, [], "there", ends={"source": source, "target": target})
        self.things[term, made.id] = made
        return made

    def _must_be_there(self, link: str, target: str) -> None:
        kind = {"networkinterface": "network", "storagelink": "storage"}[link]
        if (kind, target) not in self.things:
            raise Wrong(404 if self.dialect["ids"] == "uuid" else 400, f"there is no {kind} {target}")

    def get(self, term: str, id: str) -> Thing:
        with self.lock:
            found = self.things.get((term, id))
            if found is None:
                raise Wrong(404, f"there is no {term} {id}")
            if found.state == "building" and time.monotonic() >= found.ready:
                found.state = "running"
            return found

    def act(self, term: str, id: str, action: str) -> None:
        with self.lock:
            thing = self.get(term, id)
            if thing.state not in ACTIONS.get(action, {}):
                raise Wrong(409, f"{term} {id} is {thing.state}")
            thing.state = ACTIONS[action][thing.state]

    def remove(self, term: str, id: str) -> None:
        with self.lock:
            self.get(term, id)
            if term != "compute" and any(link.ends.get("target") == id for link in self.things.values()):
                raise Wrong(409, f"{term} {id} is in use")
            del self.things[term, id]
            for key in [key for key, each in self.things.items() if each.ends.get("source") == id]:
                del self.things[key]

    def links_of(self, id: str) -> list[Thing]:
        with self.lock:
            return [each for each in self.things.values() if each.ends.get("source") == id]

    def every(self, term: str) -> list[Thing]:
        with self.lock:
            return [each for (kind, _), each in self.things.items() if kind == term]

    def _id(self) -> str:
        return str(next(self._numbers)) if self.dialect["ids"] == "number" else str(uuid.uuid4())
