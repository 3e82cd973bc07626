"""A stand-in for Azure Resource Manager, on loopback, written from the reference and from published answers.

    with Stand(folder) as azure:
        credential = ClientSecretCredential(azure.tenant, azure.client, azure.secret, authority=azure.endpoint,
                                            disable_instance_discovery=True, connection_verify=str(azure.trusted))
        ComputeManagementClient(credential, azure.subscription, base_url=azure.endpoint,
                                credential_scopes=[azure.scope], connection_verify=str(azure.trusted))

By itself: `python -m tests.stands.azure FOLDER` prints those words as one line of JSON and serves until it is ended.

What is there (any api-version): the token endpoint (client credentials); subscriptions, locations, resourceGroups,
`resources` by tag; Microsoft.Compute virtualMachines (PUT GET PATCH DELETE, start powerOff deallocate restart
generalize instanceView vmSizes retrieveBootDiagnosticsData; `$expand=instanceView`, `statusOnly=true`), disks,
snapshots, images, sshPublicKeys, skus, vmSizes, usages, platform images; Microsoft.Network virtualNetworks and
subnets, networkInterfaces, networkSecurityGroups and securityRules, applicationSecurityGroups, publicIPAddresses,
usages; retail prices and the serial log, which need no token.

As Azure does it: PUT and DELETE are long-running (201 or 202, Azure-AsyncOperation, Location, provisioningState);
what is busy answers 409 Conflict (Compute) or 429 AnotherOperationInProgress (Network), and what is not ready cannot
be referred to (429 RetryableError); ETags with If-Match and If-None-Match; lists come in pages (`pages`); ids are the
same in any case; a machine's disk and interfaces outlive it unless their deleteOption says Delete; a machine that is
stopped and not deallocated keeps its hardware and takes only sizes of it; default rules let everything in from the
same network.

What a test can set: `clock` (`Stand(driven=True)`: time passes by `clock.advance` only), `seconds` of operations
(`{"virtualMachines/create": 30}`, else `usual`), `faults` (delays, refusals, cut connections, creations that fail in
the end), `login` (`lifetime`, `revoke()`, `secret`), `world.catalog` (sizes, images, zones, `limits`, `restricted`),
`routes.denied` (rights), `pages`. What it can read: `exchanges`, everything that was asked and answered;
`custom_data(name)` and `user_data(name)` of a machine, which the API never shows.

Where the reference says nothing and no published answer was found, it is the stand-in's own word: the code for a
delete of an application security group that is in use; restart of a machine that does not run; boot diagnostics that
are off; `NotFound` for a disk that is not there. docs/providers/stand-ins.md has what no other client checked.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.loopback import own_address
from tests.stands.azure.catalog import Catalog
from tests.stands.azure.certificate import certify
from tests.stands.azure.clock import Clock
from tests.stands.azure.disks import MACHINE
from tests.stands.azure.door import Server, handler
from tests.stands.azure.faults import NO_CAPACITY, THROTTLED, Cut, Fault, Faults
from tests.stands.azure.login import Login
from tests.stands.azure.routes import Routes
from tests.stands.azure.wire import Answer, Request
from tests.stands.azure.world import Record, World

__all__ = ["NO_CAPACITY", "THROTTLED", "Cut", "Exchange", "Fault", "Stand"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer."""

    request: Request
    answer: Answer


class Stand:
    """The server. `folder` is where its certificate goes (`trusted`); the resource group `group` is there already."""

    tenant = "3f1c1d52-5a0f-4d6c-9a50-0d5f6c1c7a11"
    client = "b7e0c6de-8f43-4f0e-9f0e-3f6f1e0d2c4b"
    subscription = "6a1a7f1e-3f4c-4f4e-8a3c-5a7e0a1b2c3d"
    group = "accords"
    location = "westeurope"

    def __init__(
        self,
        folder: Path,
        *,
        driven: bool = False,
        usual: float = 0.05,
        seconds: Mapping[str, float] | None = None,
        pages: int = 50,
    ) -> None:
        self.clock = Clock(driven=driven)
        self.login = Login(self.clock, self.tenant, self.client, "a secret of the stand-in")
        self.world = World(self.clock, Catalog(), self.subscription, usual=usual, seconds=seconds or {})
        self.routes = Routes(self.world, self.login, pages=pages)
        self.faults = Faults()
        self.exchanges: list[Exchange] = []
        self._address = own_address()
        context, self.trusted = certify(folder, self._address)
        self._server = Server((self._address, 0), handler(self.answer, self._fault, lambda: self.endpoint))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._make_group()

    @property
    def endpoint(self) -> str:
        """Of Resource Manager, and the authority of the identity platform, too."""
        return f"https://{self._address}:{self._server.server_port}"

    @property
    def scope(self) -> str:
        return f"{self.endpoint}/.default"

    @property
    def secret(self) -> str:
        return self.login.secret

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: Request, fails: tuple[str, str] | None = None) -> Answer:
        """One request carried out, without a socket."""
        with self.world.lock:
            self.world.failure = fails
            found = self.routes.answer(request)
            self.world.failure = None
            self.exchanges.append(Exchange(request, found))
        return found

    def custom_data(self, name: str) -> str:
        """What the machine of that name was given as custom data, decoded."""
        return str(self._machine(name).hidden.get("custom_data", ""))

    def user_data(self, name: str) -> str:
        return str(self._machine(name).hidden.get("user_data", ""))

    def _machine(self, name: str) -> Record:
        return next(each for each in self.world.of(MACHINE) if each.name.lower() == name.lower())

    def _fault(self, request: Request) -> Fault:
        return self.faults.take(request.method, request.path)

    def _make_group(self) -> None:
        id = f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
        self.world.groups[self.group] = {
            "id": id,
            "name": self.group,
            "type": "Microsoft.Resources/resourceGroups",
            "location": self.location,
            "tags": {},
            "properties": {"provisioningState": "Succeeded"},
        }
