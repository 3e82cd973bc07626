"""At a host with libvirt: who may use its socket and its pool, by libvirt's binding as virsh does. A machine is
destroyed and undefined, and what it had stays: its files, its address in the network."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import libvirt
from lxml import etree

from providers.protocol import Kind, Resource

MARKS = "metadata/{urn:accords:marks}marks"
RECORD = re.compile(r"\.(\d+)\.[0-9a-f]{16}\.json")
VOLUME = "<volume><name>{name}</name><capacity>1048576</capacity><target><format type='qcow2'/></target></volume>"


class Operator:
    """`folder` is the pool's."""

    def __init__(self, uri: str, folder: Path) -> None:
        self.host = libvirt.open(uri)
        self.pool = self.host.storagePoolLookupByName("default")
        self.folder = folder

    def delete(self, thing: Resource) -> None:
        """What libvirt has no metadata of goes with its record, a file beside it."""
        match thing.kind:
            case Kind.MACHINE:
                self._off(thing)
                self._machine(thing).undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
            case Kind.NETWORK:
                network = self.host.networkLookupByUUIDString(thing.id)
                network.destroy()
                network.undefine()
            case Kind.FIREWALL:
                self.host.nwfilterLookupByUUIDString(thing.id).undefine()
                self._forget(thing)
            case _:
                self.pool.storageVolLookupByName(f"accords-{thing.id}.{thing.kind}").delete()
                self._forget(thing)

    def stop(self, machine: Resource) -> None:
        self._off(machine)

    def resize(self, machine: Resource) -> None:
        """Twice its memory, off for it."""
        self._off(machine)
        root = self._document(machine)
        for tag in ("memory", "currentMemory"):
            for each in root.iterfind(tag):
                each.text = str(2 * int(each.text or 0))
        self.host.defineXML(_written(root)).create()

    def mark(self, thing: Resource, tags: Mapping[str, str]) -> None:
        match thing.kind:
            case Kind.MACHINE | Kind.NETWORK:
                root = self._document(thing)
                for each in root.iterfind(MARKS):
                    each.text = _told(each.text or "", tags)
                define = self.host.defineXML if thing.kind is Kind.MACHINE else self.host.networkDefineXML
                define(_written(root))
            case _:
                (path,) = self._records(thing)
                self._record(thing.id, thing.kind, 1 + _number(path), _told(path.read_text(), tags))
                path.unlink()
        self.pool.refresh()

    def leave(self, name: str, tags: Mapping[str, str]) -> None:
        id = str(uuid.uuid4())
        self.pool.createXML(VOLUME.format(name=f"accords-{id}.volume"))
        self._record(id, Kind.VOLUME, 1, _told(json.dumps({"name": name, "more": {}}), tags))
        self.pool.refresh()

    def _machine(self, machine: Resource) -> libvirt.virDomain:
        return self.host.lookupByUUIDString(machine.id)

    def _off(self, machine: Resource) -> None:
        if self._machine(machine).isActive():
            self._machine(machine).destroy()

    def _document(self, thing: Resource) -> etree._Element:
        """As it is kept, running or not."""
        if thing.kind is Kind.MACHINE:
            text = self._machine(thing).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        else:
            text = self.host.networkLookupByUUIDString(thing.id).XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)
        return cast(etree._Element, etree.fromstring(text))

    def _records(self, thing: Resource) -> list[Path]:
        return list(self.folder.glob(f"accords-{thing.id}.{thing.kind}.*.json"))

    def _record(self, id: str, kind: Kind, number: int, content: str) -> None:
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        (self.folder / f"accords-{id}.{kind}.{number}.{digest}.json").write_text(content)

    def _forget(self, thing: Resource) -> None:
        for each in self._records(thing):
            each.unlink()
        self.pool.refresh()


def _written(root: etree._Element) -> str:
    return str(etree.tostring(root, encoding="unicode"))


def _told(marks: str, tags: Mapping[str, str]) -> str:
    return json.dumps({**json.loads(marks), "tags": dict(tags)})


def _number(record: Path) -> int:
    found = RECORD.search(record.name)
    assert found is not None, record
    return int(found[1])
