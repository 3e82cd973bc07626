"""`accords up --set --env` through real processes: what was given works, and a secret is nowhere but in its table."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests import databases
from tests.loopback import own_address
from tests.parameters.documents import SECRET, SITE
from tests.parameters.installation import ACCORDS, PATIENCE, Installation

EXAMPLES = Path(__file__).parents[2] / "examples"
GIVEN = ("--set", "greeting=hello", "--set", "memory=2G")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    found = Installation(tmp_path_factory.mktemp("home"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    found = tmp_path_factory.mktemp("documents") / "site.xml"
    found.write_text(SITE)
    return str(found)


@pytest.fixture
def secrets(tmp_path: Path) -> str:
    """A file for --env that only its owner reads."""
    found = tmp_path / "secrets.env"
    found.write_text(f"# of the site\n\nexport password='{SECRET}'  # nobody's business\n")
    found.chmod(0o600)
    return str(found)


def places_of_the_secret(home: Path) -> set[str]:
    """Files below a home that hold it in clear."""
    return {path.name for path in home.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()}


def test_a_service_comes_up_with_its_inputs_says_its_outputs_and_keeps_its_secret(
    broker: Installation, site: str, secrets: str
) -> None:
    up = broker.run("up", site, "--name", "kept", *GIVEN, "--env", secrets, "--wait")
    assert up.returncode == 0, up.stderr
    address = broker.report("kept")["nodes"][0]["addresses"][0]
    assert f"  page    {address}" in up.stdout.splitlines()
    assert f"  page    {address}" in broker.done("status", "kept").splitlines()
    assert broker.report("kept")["outputs"] == [{"name": "memory", "value": "2G"}, {"name": "page", "value": address}]
    said = up.stdout + up.stderr + broker.done("events", "kept") + broker.done("logs", "kept")
    said += broker.done("plan", site, *GIVEN, "--env", secrets, "--json")
    assert SECRET not in said
    assert places_of_the_secret(broker.home) <= {"service.sqlite", "service.sqlite-wal"}
    with closing(databases.open_store(broker.home)) as store:
        assert databases.tables_with(store, SECRET) == {"secrets"}


@pytest.mark.slow
def test_a_released_service_leaves_nothing_of_its_secret(broker: Installation, site: str, secrets: str) -> None:
    def kept() -> int:
        with closing(databases.open_store(broker.home)) as store, store.read() as tx:
            return int(tx.connection.exec_driver_sql("SELECT count(*) FROM secrets").scalar_one())

    before = kept()
    assert broker.run("up", site, "--name", "gone", *GIVEN, "--env", secrets, "--wait").returncode == 0
    assert kept() == before + 1
    assert broker.run("release", "gone").returncode == 0
    assert kept() == before


@pytest.mark.slow
def test_the_same_up_again_changes_nothing_and_other_values_are_refused(
    broker: Installation, site: str, secrets: str
) -> None:
    same = ("up", site, "--name", "twice", "--env", secrets)
    assert broker.run(*same, *GIVEN, "--wait").returncode == 0
    again = broker.run(*same, *GIVEN)
    assert again.returncode == 0
    assert "is there already" in again.stderr
    other = broker.run(*same, "--set", "greeting=good day", "--set", "memory=2G")
    assert other.returncode == 4
    assert "-greeting = 'hello'" in other.stderr
    assert "+greeting = 'good day'" in other.stderr


def test_a_plan_says_what_it_was_made_with_and_needs_no_secret(broker: Installation, site: str) -> None:
    assert broker.done("plan", site, "--set", "greeting=hello").splitlines()[:2] == [
        "with memory = 1G",
        "with greeting = hello",
    ]


def test_everything_wrong_with_the_values_is_said(broker: Installation, site: str) -> None:
    ran = broker.run("plan", site, "--set", "memory=3G")
    assert ran.returncode == 3
    assert "[input-value]" in ran.stderr
    assert "--set greeting=VALUE" in ran.stderr


def test_a_misspelt_name_is_refused_before_its_value_is_sent(broker: Installation, site: str) -> None:
    ran = broker.run("up", site, *GIVEN, "--set", f"pasword={SECRET}")
    assert ran.returncode == 3
    assert "did you mean 'password'?" in ran.stderr
    assert SECRET not in ran.stderr


def test_in_a_pipe_a_missing_secret_is_refused_by_its_name(broker: Installation, site: str) -> None:
    ran = broker.run("up", site, "--name", "piped", *GIVEN)
    assert ran.returncode == 3
    assert "the secret input password has no value" in ran.stderr


def test_a_secret_on_the_command_line_or_in_an_open_file_is_warned_of(
    broker: Installation, site: str, secrets: str
) -> None:
    ran = broker.run("plan", site, *GIVEN, "--set", f"password={SECRET}")
    assert "password is secret, and others can read a command line" in ran.stderr
    Path(secrets).chmod(0o644)
    ran = broker.run("plan", site, *GIVEN, "--env", secrets)
    assert f"chmod 600 {secrets}" in ran.stderr


def test_on_a_terminal_a_missing_secret_is_asked_for_and_not_shown(broker: Installation, site: str) -> None:
    ours, theirs = pty.openpty()
    command = [ACCORDS, "up", site, "--name", "asked", *GIVEN, "--wait"]
    process = subprocess.Popen(
        command, env=broker.environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shown = b""
    while b"password (not shown): " not in shown:
        shown += os.read(ours, 4096)
    os.write(ours, f"{SECRET}\n".encode())
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # the terminal's other end is closed
        pass
    assert process.wait(PATIENCE) == 0, shown
    assert SECRET.encode() not in shown
    assert b"page" in shown


@pytest.fixture
def archive() -> Iterator[str]:
    """The address of a hospital's archive, which answers C-ECHO at port 11112."""
    pynetdicom = pytest.importorskip("pynetdicom")
    entity = pynetdicom.AE(ae_title="HOSPITAL")
    entity.add_supported_context("1.2.840.10008.1.1")
    address = own_address()
    server = entity.start_server((address, 11112), block=False)
    yield address
    server.shutdown()


def test_the_example_of_a_hospital_is_deployed_and_its_archive_is_asked_from_outside(
    broker: Installation, secrets: str, archive: str, tmp_path: Path
) -> None:
    agreement = tmp_path / "agreement.xml"
    agreement.write_text(AGREEMENT)
    at = ("--set", f"address={archive}", "--set", "port=11112", "--env", secrets)
    up = broker.run("up", str(EXAMPLES / "hospital.xml"), *at, "--agreement", str(agreement), "--wait")
    assert up.returncode == 0, up.stderr
    assert f"  hospital  {archive}:11112  HOSPITAL" in up.stdout.splitlines()
    report = broker.until("router", lambda found: [one["state"] for one in found["guarantees"]] == ["met"])
    assert report["outside"] == [{"name": "hospital", "address": archive, "port": "11112", "aetitle": "HOSPITAL"}]
    assert [node["name"] for node in report["nodes"]] == ["router"]
    assert {(one["target"], one["metric"], one["value"]) for one in report["samples"]} == {
        ("hospital", "dicom:echo", 1.0)
    }
    assert broker.run("release", "router").returncode == 0


def test_what_is_measured_inside_a_node_cannot_be_promised_of_one_that_is_outside(
    broker: Installation, secrets: str, tmp_path: Path
) -> None:
    agreement = tmp_path / "agreement.xml"
    agreement.write_text(AGREEMENT.replace("dicom:echo", "cpu"))
    up = broker.run("up", str(EXAMPLES / "hospital.xml"), "--env", secrets, "--agreement", str(agreement))
    assert up.returncode == 3
    assert "hospital is outside, and cpu is measured inside a node" in up.stderr


AGREEMENT = """<agreement name="answers" initiator="us" responder="hospital">
  <terms name="services" type="services"><term name="service"><manifest name="router"/></term></terms>
  <terms name="guarantees" type="guarantees"><term name="availability">
    <guarantee name="archive-answers" scope="hospital">
      <variable name="echo" property="dicom:echo" condition="eq" value="1" location="HOSPITAL@11112">
        <metric name="dicom:echo" period="1"/>
      </variable>
    </guarantee>
  </term></terms>
</agreement>"""
