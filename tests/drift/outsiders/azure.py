"""At Azure: Resource Manager's REST API as its reference says it, by httpx and a token of its own. Tags are taken where
the stand-in keeps them: a request can only put others in their place."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

import httpx

from providers.azure.names import NAME
from providers.protocol import Kind, Resource
from tests.drift.outsiders.waiting import until
from tests.stands.azure import Stand

TYPES: Mapping[Kind, str] = {
    Kind.MACHINE: "Microsoft.Compute/virtualMachines",
    Kind.VOLUME: "Microsoft.Compute/disks",
    Kind.NETWORK: "Microsoft.Network/virtualNetworks",
    Kind.FIREWALL: "Microsoft.Network/networkSecurityGroups",
    Kind.ADDRESS: "Microsoft.Network/publicIPAddresses",
}
SIZES = ("Standard_B1s", "Standard_B2s")


class Owner:
    """Somebody with a right to the resource group."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        trusted = ssl.create_default_context(cafile=str(stand.trusted))
        self.http = httpx.Client(base_url=stand.endpoint, verify=trusted, params={"api-version": "2024-07-01"})
        form = {"grant_type": "client_credentials", "client_id": stand.client, "client_secret": stand.secret}
        token = self.http.post(f"/{stand.tenant}/oauth2/v2.0/token", data={**form, "scope": stand.scope}).json()
        self.http.headers["Authorization"] = f"Bearer {token['access_token']}"

    def delete(self, thing: Resource) -> None:
        """An address is taken from its interface first."""
        if thing.kind is Kind.ADDRESS:
            self._let_go(thing)
        until(lambda: self._asked("DELETE", self._path(thing)).status_code < 400, f"{thing.name} may go")
        until(lambda: self._asked("GET", self._path(thing)).status_code == 404, f"{thing.name} is gone")

    def stop(self, machine: Resource) -> None:
        self._done("POST", f"{self._path(machine)}/deallocate")

    def resize(self, machine: Resource) -> None:
        size = next(each for each in SIZES if each != machine.facts["size"])
        self._done("PATCH", self._path(machine), {"properties": {"hardwareProfile": {"vmSize": size}}})

    def mark(self, thing: Resource, tags: Mapping[str, str]) -> None:
        with self.stand.world.lock:
            record = next(each for each in self.stand.world.of(TYPES[thing.kind]) if each.name == thing.id)
            record.body["tags"] = dict(tags)
            record.sent["tags"] = dict(tags)

    def leave(self, name: str, tags: Mapping[str, str]) -> None:
        disk = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 1}
        body = {"location": self.stand.location, "tags": {**tags, NAME: name}, "properties": disk}
        path = f"{self._root()}/{TYPES[Kind.VOLUME]}/{name}"
        self._done("PUT", path, body)
        until(lambda: self._asked("GET", path).json()["properties"]["provisioningState"] == "Succeeded", "it is made")

    def _let_go(self, address: Resource) -> None:
        used = str(self._asked("GET", self._path(address)).json()["properties"]["ipConfiguration"]["id"])
        path = used.partition("/ipConfigurations/")[0]
        body = self._asked("GET", path).json()
        for each in body["properties"]["ipConfigurations"]:
            each["properties"].pop("publicIPAddress", None)
        self._done("PUT", path, {name: body[name] for name in ("location", "tags", "properties")})

    def _root(self) -> str:
        return f"/subscriptions/{self.stand.subscription}/resourceGroups/{self.stand.group}/providers"

    def _path(self, thing: Resource) -> str:
        return f"{self._root()}/{TYPES[thing.kind]}/{thing.id}"

    def _asked(self, method: str, path: str, body: object = None) -> httpx.Response:
        return self.http.request(method, path, json=body)

    def _done(self, method: str, path: str, body: object = None) -> Any:
        """Asked again while something else is under way there."""
        answers: list[httpx.Response] = []

        def answered() -> bool:
            answers.append(self._asked(method, path, body))
            return answers[-1].status_code != 409

        until(answered, f"{method} {path} is taken")
        assert answers[-1].status_code < 300, answers[-1].text
        return answers[-1]
