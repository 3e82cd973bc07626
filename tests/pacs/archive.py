"""The service of examples/pacs.xml, as users and operators see it. DICOM is spoken by the demo's own functions."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from providers.protocol import Kind
from sla.probes import dicom_echo
from tests.pacs.installation import EXAMPLES, OnThisMachine, until

SERVICE = "pacs"
LOCATION = "PACS@4242"
MANIFEST, AGREEMENT = str(EXAMPLES / "pacs.xml"), str(EXAMPLES / "pacs-agreement.xml")
UP = ("up", MANIFEST, "--agreement", AGREEMENT, "--wait")


def _demo() -> ModuleType:
    """examples/demo.py: a script, which no package has."""
    spec = importlib.util.spec_from_file_location("demo", EXAMPLES / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


demo = _demo()


@dataclass(frozen=True, slots=True)
class Pacs:
    """`here` is where it is deployed."""

    here: OnThisMachine

    def bring_up(self) -> None:
        state = self.here.state(SERVICE)
        if state == "absent":
            self.here.told(*UP)
        elif state != "active":
            self.here.told("start", SERVICE, "--wait")

    @property
    def report(self) -> Any:
        return self.here.report(SERVICE)

    def address(self, node: str) -> str:
        return self.here.machines()[node].addresses[0]

    def answers(self) -> bool:
        """Whether C-ECHO is answered with success, soon: a suspended node's kernel takes connections for ever."""
        return dicom_echo(self.address("pacs"), LOCATION, 2.0) == 1.0

    def store(self) -> dict[str, str]:
        """C-STORE of the CT and the MR slice: the Study Instance UID by patient."""
        until(self.answers, "C-ECHO is answered")
        archive = demo.Archive(self.address("pacs"))
        slices = list(demo.real_slices())
        for each in slices:
            archive.store(each)
        archive.close()
        return {str(each.PatientID): str(each.StudyInstanceUID) for each in slices}

    def find(self, patient: str) -> str:
        """C-FIND: the Study Instance UID of the patient's study. The demo's own words when there is none."""
        until(self.answers, "C-ECHO is answered")
        archive = demo.Archive(self.address("pacs"))
        try:
            return str(archive.find(patient))
        finally:
            archive.close()

    def query(self, sql: str) -> list[str]:
        """The lines that PostgreSQL answers on its own node."""
        psql = ("runuser", "-u", "postgres", "--", "psql", "-At", "-d", "orthanc", "-c", sql)
        return self.here.run("pacs-db", *psql).splitlines()

    def volume(self) -> dict[str, Any]:
        """The facts of the volume of the images, as the provider knows it."""
        found = [each for each in self.here.cloud.list({}, deadline=30) if each.kind is Kind.VOLUME]
        return dict(next(each.facts for each in found if each.tags["accords-step"] == "pacs.0.volume.images"))
