"""At OpenNebula: its administrator, by the standard library's XML-RPC client."""

from __future__ import annotations

import json
import xmlrpc.client
from collections.abc import Mapping
from typing import Any

from lxml.etree import fromstring

from providers.protocol import Kind, Resource
from tests.drift.outsiders.waiting import until
from tests.stands.opennebula import ADMIN, SESSION

RUNNING, OFF = ("3", "3"), ("8", "0")
REMOVED: Mapping[Kind, str] = {Kind.VOLUME: "image.delete", Kind.NETWORK: "vn.delete", Kind.FIREWALL: "secgroup.delete"}
CHANGED: Mapping[Kind, str] = {
    Kind.MACHINE: "vm.update",
    Kind.VOLUME: "image.update",
    Kind.NETWORK: "vn.update",
    Kind.FIREWALL: "secgroup.update",
}


class Administrator:
    def __init__(self, url: str) -> None:
        self.url = url

    def delete(self, thing: Resource) -> None:
        if thing.kind is Kind.MACHINE:
            self._ask("vm.action", "terminate-hard", int(thing.id))
            until(lambda: self._state(thing.id)[0] == "6", "the machine is done")
        elif thing.kind is Kind.ADDRESS:
            machine, _, nic = thing.id.partition(".")
            self._ask("vm.detachnic", int(machine), int(nic))
            until(lambda: self._state(machine) == RUNNING, "the address is off")
        else:
            self._ask(REMOVED[thing.kind], int(thing.id))

    def stop(self, machine: Resource) -> None:
        self._ask("vm.action", "poweroff-hard", int(machine.id))

    def resize(self, machine: Resource) -> None:
        """Twice its memory, off for it."""
        self.stop(machine)
        until(lambda: self._state(machine.id) == OFF, "the machine is off")
        memory = int(str(machine.facts["memory"])) // 1024**2
        self._ask("vm.resize", int(machine.id), f'MEMORY="{2 * memory}"', False)
        self._ask("vm.action", "resume", int(machine.id))
        until(lambda: self._state(machine.id) == RUNNING, "the machine runs")

    def mark(self, thing: Resource, tags: Mapping[str, str]) -> None:
        packed = json.dumps(dict(tags)).replace("&", "&amp;").replace("<", "&lt;")
        text = f"<TEMPLATE><ACCORDS_TAGS>{packed}</ACCORDS_TAGS></TEMPLATE>"
        self._ask(CHANGED[thing.kind], int(thing.id), text, 1)

    def leave(self, name: str, tags: Mapping[str, str]) -> None:
        """Of the account's own: what others have it does not see."""
        told = json.dumps(dict(tags))
        mark = f"<ACCORDS_NAME>{name}</ACCORDS_NAME><ACCORDS_TAGS>{told}</ACCORDS_TAGS>"
        text = f"<TEMPLATE><NAME>{name} accords-{name}</NAME><TYPE>DATABLOCK</TYPE><SIZE>10</SIZE>{mark}</TEMPLATE>"
        self._ask("image.allocate", text, 1, False, session=SESSION)

    def _state(self, machine: str) -> tuple[str | None, str | None]:
        found = fromstring(str(self._ask("vm.info", int(machine))))
        return found.findtext("STATE"), found.findtext("LCM_STATE")

    def _ask(self, method: str, *said: object, session: str = ADMIN) -> Any:
        with xmlrpc.client.ServerProxy(self.url) as site:
            answer: Any = getattr(site.one, method)(session, *said)
        assert answer[0], answer
        return answer[1]
