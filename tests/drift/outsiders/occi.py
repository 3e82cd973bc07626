"""At another broker: its account's own OCCI client, by httpx, in the standard's words. What it does that broker does in
its turn; what changes behind that broker, at its cloud, is its own to see and to repair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from providers.protocol import Kind, Resource
from tests.drift.outsiders.waiting import until

JSON = "application/occi+json"
INFRASTRUCTURE = "http://schemas.ogf.org/occi/infrastructure"
TAGGED = "http://scheme.compatibleone.fr/scheme/accords#tagged"
TOKEN, TAGS = "org.accords.client.token", "org.accords.client.tags"
KINDS: Mapping[Kind, str] = {
    Kind.MACHINE: "compute",
    Kind.VOLUME: "storage",
    Kind.NETWORK: "network",
    Kind.FIREWALL: "securitygroup",
    Kind.ADDRESS: "ipreservation",
}
SIZES = ("small", "medium")


class Customer:
    """Somebody with a token of the same account, at that broker's cloud row."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        listed = self._done("GET", "/-/").json()
        every = (*listed["kinds"], *listed["mixins"])
        self.locations = {each["scheme"] + each["term"]: each.get("location") for each in every}

    def delete(self, thing: Resource) -> None:
        """Its provider may have it for a while; an address or a volume is used until its machine has gone there."""
        until(lambda: self._asked("DELETE", self._path(thing)).status_code < 400, f"{thing.name} may go")
        until(lambda: self._asked("GET", self._path(thing)).status_code == 404, f"{thing.name} is gone")

    def stop(self, machine: Resource) -> None:
        action = f"{INFRASTRUCTURE}/compute/action#stop"
        self._done("POST", f"{self._path(machine)}?action=stop", {"action": action})
        until(lambda: self._state(machine) == "inactive", "the compute is inactive")

    def resize(self, machine: Resource) -> None:
        """Another resource template in the place of the one that it has."""
        mixins = self._done("GET", self._path(machine)).json()["mixins"]
        scheme, _, now = next(each for each in mixins if "/resource_tpl#" in each).partition("#")
        wanted = f"{scheme}#{next(each for each in SIZES if each != now)}"
        self._done("POST", self._path(machine), {"kind": f"{INFRASTRUCTURE}#compute", "mixins": [wanted]})
        until(lambda: wanted in self._done("GET", self._path(machine)).json()["mixins"], "it has that size")
        until(lambda: self._state(machine) == "active", "the compute is active")

    def mark(self, thing: Resource, tags: Mapping[str, str]) -> None:
        """Without any, it leaves the mixin's collection."""
        if tags:
            marks = {TOKEN: tags.get("accords-token", thing.token), TAGS: dict(tags)}
            said = {"kind": self._kind(thing.kind), "mixins": [TAGGED], "attributes": marks}
            self._done("POST", self._path(thing), said)
        else:
            headers = {"Content-Type": "text/occi", "X-OCCI-Location": self._path(thing)}
            answer = self.http.delete(self.locations[TAGGED], headers=headers)
            assert answer.is_success, answer.text

    def leave(self, name: str, tags: Mapping[str, str]) -> None:
        attributes = {"occi.storage.size": 1, TOKEN: name, TAGS: dict(tags)}
        storage = self._kind(Kind.VOLUME)
        said = {"kind": storage, "title": name, "mixins": [TAGGED], "attributes": attributes}
        self._done("POST", self.locations[storage], said)

    def _state(self, machine: Resource) -> str:
        """Empty while something is under way with it."""
        told = self._done("GET", self._path(machine)).json()["attributes"]
        return "" if told.get("org.accords.changing") else str(told["occi.compute.state"])

    def _kind(self, kind: Kind) -> str:
        return f"{INFRASTRUCTURE}#{KINDS[kind]}"

    def _path(self, thing: Resource) -> str:
        return f"{self.locations[self._kind(thing.kind)]}{thing.id}"

    def _asked(self, method: str, path: str, body: object = None) -> httpx.Response:
        return self.http.request(method, path, json=body, headers={"Accept": JSON, "Content-Type": JSON})

    def _done(self, method: str, path: str, body: object = None) -> Any:
        answer = self._asked(method, path, body)
        assert answer.is_success, (method, path, answer.text)
        return answer
