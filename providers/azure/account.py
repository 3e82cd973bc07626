"""One resource group as everything here reaches it: the clients, the address of things in it, and what is shared."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import httpx
from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient

from providers.azure.errors import translated
from providers.azure.login import Login, credential, policies
from providers.azure.options import Options
from providers.azure.states import word
from providers.azure.wire import Wire
from providers.edge import current
from providers.errors import Conflict, NotFound, Refused
from providers.transport import connections

UNPOLLED: Mapping[str, Any] = {"polling": False}
"""What a begin_ method is told: send the request, and do not wait for what it begins."""
SUCCEEDED = "Succeeded"
ENDED = frozenset({SUCCEEDED, "Failed", "Canceled"})
FIRST_LOOK, LONGEST_PAUSE = 0.02, 1.0
T = TypeVar("T")


class Provisioned(Protocol):
    """A resource of Azure's."""

    @property
    def provisioning_state(self) -> Any: ...


P = TypeVar("P", bound=Provisioned)


class Account:
    """Clients are made once and shared by threads, as the libraries allow; nothing is asked of the cloud yet."""

    def __init__(self, name: str, options: Options) -> None:
        self.name, self.options = name, options
        self._http = httpx.Client(transport=connections(verify=_trusted(options)))
        self.wire = Wire(self._http, name)
        login = Login(lambda: credential(options, self.wire), options.endpoint)
        sent: dict[str, Any] = {
            "base_url": options.endpoint.rstrip("/"),
            "credential_scopes": [f"{options.endpoint.rstrip('/')}/.default"],
            "policies": policies(login),
            "transport": self.wire,
        }
        unused = credential(options, self.wire)
        self.compute = ComputeManagementClient(unused, options.subscription, **sent)
        self.network = NetworkManagementClient(unused, options.subscription, **sent)

    @property
    def group(self) -> str:
        return self.options.group

    def id(self, kind: str, name: str) -> str:
        """The id of a resource of the group; `kind` as `Microsoft.Network/virtualNetworks`."""
        root = f"/subscriptions/{self.options.subscription}/resourceGroups/{self.group}"
        return f"{root}/providers/{kind}/{name}"

    def body(self, tags: Mapping[str, str], properties: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """What a PUT says of a resource."""
        return {"location": self.options.location, "tags": dict(tags), "properties": dict(properties), **more}

    def zones(self) -> dict[str, list[str]]:
        """For resources that are in a zone."""
        return {"zones": [self.options.zone]} if self.options.zone else {}

    def close(self) -> None:
        self._http.close()


def found(get: Callable[[], T]) -> T | None:
    """What is looked for; None when it is surely not there."""
    try:
        return get()
    except ResourceNotFoundError as error:
        if isinstance(translated(error), NotFound):
            return None
        raise


def ready(first: P, look: Callable[[], P], what: str) -> P:
    """A part that the next one needs, when it is made: Azure takes moments for it. Looked at until then, or until the
    call has no more time (Conflict). Refused when it has failed."""
    pause, seen = FIRST_LOOK, first
    while (state := word(seen.provisioning_state)) not in ENDED:
        if current().clock.left() <= pause:
            raise Conflict(f"{what} is still {state}; come again")
        time.sleep(pause)
        pause, seen = min(2 * pause, LONGEST_PAUSE), look()
    if state != SUCCEEDED:
        raise Refused(f"{what} came out as {state}")
    return seen


def _trusted(options: Options) -> ssl.SSLContext | bool:
    if options.cacert and options.verify:
        return ssl.create_default_context(cafile=str(options.cacert))
    return options.verify
