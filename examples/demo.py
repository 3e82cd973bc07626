"""`make demo`: deploy examples/pacs.xml on this machine, prove that it works from outside, leave it running.

    python examples/demo.py [--fake]     deploy; --fake on a pretend cloud, where LXC cannot run
    python examples/demo.py stop         release it, volumes too, and end the broker and the worker

It only does what a user would: it runs `accords` commands, and talks DICOM to the node that came up.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ACCORDS = str(Path(sys.executable).parent / "accords")
SERVICE = "pacs"
FAKE_ENVIRONMENT = {"ACCORDS_PROVIDERS": '{"fake": {"driver": "fake", "delivery": "direct"}}'}
STARTS_WITHIN = 30.0


def main(words: Sequence[str]) -> int:
    if "--fake" in words:
        os.environ.update(FAKE_ENVIRONMENT)
    if "stop" in words:
        return stop()
    return deploy(fake="--fake" in words)


def deploy(*, fake: bool) -> int:
    if not fake and not _nodes_can_run():
        return 1
    began = time.monotonic()
    with_what = ["--agreement", str(HERE / "pacs-agreement.xml"), "--wait"]
    _start_broker()
    if not fake and not (home() / "local" / "layers").exists():
        say("The first time, the nodes' layers are built from the distribution's packages: about a minute.")
    if accords("up", str(HERE / "pacs.xml"), *with_what).returncode:
        return 1
    if not fake:
        report = json.loads(accords("status", SERVICE, "--json", capture=True).stdout)
        prove(report, began)
    command = os.path.relpath(ACCORDS)
    say("", f"look at it:  {command} status {SERVICE}", f"give it back:  {command} release {SERVICE}")
    say(f"the studies too:  {command} release {SERVICE} --volumes", "end broker and worker:  make demo-stop")
    return 0


def _nodes_can_run() -> bool:
    """Say why not, and what instead, if LXC cannot run here."""
    checked = accords("providers", "--json", capture=True)
    found = json.loads(checked.stdout)
    problems = [problem for one in found.values() for problem in one["problems"]]
    for problem in problems:
        say(f"{problem['what']}: {problem['mend']}")
    if problems:
        say("", "The same on a pretend cloud, without nodes:  make demo FAKE=1")
    return not problems


# --- the broker, with its worker beside it


def home() -> Path:
    from broker.settings import load

    return load().home


def _start_broker() -> None:
    """`accords serve all --work` in the background, unless it runs; back when it can plan."""
    home().mkdir(parents=True, exist_ok=True, mode=0o711)
    if _running() is None:
        with _log().open("ab") as log:
            process = subprocess.Popen(
                [ACCORDS, "serve", "all", "--work"],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        _pid_file().write_text(str(process.pid), encoding="ascii")
    ends = time.monotonic() + STARTS_WITHIN
    while (asked := accords("plan", str(HERE / "pacs.xml"), capture=True)).returncode:
        if time.monotonic() > ends:
            sys.exit(f"{asked.stderr}the broker is not ready; see {_log()}")
        time.sleep(0.1)


def _log() -> Path:
    return home() / "demo.log"


def _pid_file() -> Path:
    return home() / "demo.pid"


def _running() -> int | None:
    """The pid of the broker that a demo started, if it still runs."""
    try:
        pid = int(_pid_file().read_text(encoding="ascii"))
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if b"accords" in words else None


def stop() -> int:
    pid = _running()
    if pid is None:
        say("nothing runs")
        return 0
    if not accords("status", SERVICE, capture=True).returncode:
        accords("release", SERVICE, "--volumes", "--yes", SERVICE)
    os.kill(pid, signal.SIGTERM)
    while _running() is not None:
        time.sleep(0.05)
    _pid_file().unlink(missing_ok=True)
    return 0


def accords(*words: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ACCORDS, *words], text=True, capture_output=capture, check=False)


# --- proof, from outside


def prove(report: dict[str, Any], began: float) -> None:
    """C-ECHO, C-STORE of real slices, C-FIND that finds them; and that the database answers nobody here."""
    addresses = {node["name"]: node["addresses"][0] for node in report["nodes"]}
    with_pacs = Archive(addresses["pacs"])
    say("", f"C-ECHO answered by {with_pacs.address}:4242, {time.monotonic() - began:.1f} s after it was asked for")
    for slice_ in real_slices():
        with_pacs.store(slice_)
        say(f"C-STORE of a {slice_.Modality} slice of {slice_.PatientID}: stored")
        say(f"C-FIND finds its study: {with_pacs.find(slice_.PatientID)}")
    with_pacs.close()
    say(f"PostgreSQL at {addresses['pacs-db']}:5432 {closed(addresses['pacs-db'], 5432)} from this machine")


class Archive:
    """An association with the PACS, as a modality has one."""

    def __init__(self, address: str) -> None:
        from pydicom.uid import CTImageStorage, MRImageStorage
        from pynetdicom import AE
        from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind, Verification

        entity = AE("DEMO")
        for context in (Verification, CTImageStorage, MRImageStorage, StudyRootQueryRetrieveInformationModelFind):
            entity.add_requested_context(context)
        self.address = address
        self._find = StudyRootQueryRetrieveInformationModelFind
        self._association = entity.associate(address, 4242, ae_title="PACS")
        if not self._association.is_established or self._association.send_c_echo().Status != 0:
            sys.exit(f"{address}:4242 does not answer C-ECHO")

    def store(self, image: Any) -> None:
        status = self._association.send_c_store(image).Status
        if status != 0:
            sys.exit(f"C-STORE was answered with 0x{status:04x}")

    def find(self, patient: str) -> str:
        """The Study Instance UID of the patient's study."""
        from pydicom.dataset import Dataset

        asked = Dataset()
        asked.QueryRetrieveLevel, asked.PatientID, asked.StudyInstanceUID = "STUDY", patient, ""
        found = [answer for _, answer in self._association.send_c_find(asked, self._find) if answer is not None]
        if not found:
            sys.exit(f"C-FIND does not find {patient}")
        return str(found[0].StudyInstanceUID)

    def close(self) -> None:
        self._association.release()


def real_slices() -> Iterator[Any]:
    """The CT and the MR slice that pydicom ships, from real scanners."""
    from pydicom import dcmread
    from pydicom.data import get_testdata_file

    for name in ("CT_small.dcm", "MR_small.dcm"):
        path = get_testdata_file(name, download=False)
        yield dcmread(str(path))


def closed(address: str, port: int) -> str:
    """How a port answers; the demo ends if it is open."""
    import socket

    try:
        socket.create_connection((address, port), 2).close()
    except OSError as refused:
        return f"is closed ({refused})"
    sys.exit(f"{address}:{port} is open, and must not be")


def say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
