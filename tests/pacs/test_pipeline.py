"""examples/ci/job.sh as a pipeline runs it, on the pretend cloud: deployed, tried, given back, whoever dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.pacs.installation import EXAMPLES, Installation, until

JOB, MANIFEST = str(EXAMPLES / "ci" / "job.sh"), str(EXAMPLES / "pacs.xml")
PRETEND = {"fake": {"driver": "fake", "delivery": "direct"}}


@pytest.fixture(scope="module")
def pretend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A broker and a worker whose nodes are pretended."""
    found = Installation(tmp_path_factory.mktemp("pipeline"), PRETEND, base_port=31_000 + 40 * (os.getpid() % 40))
    try:
        found.start()
        yield found
    finally:
        found.stop()


def test_a_job_deploys_tries_with_the_report_and_gives_back(pretend: Installation, tmp_path: Path) -> None:
    seen = tmp_path / "report.json"
    job = start(pretend, "good", "tee", str(seen))
    assert job.wait(120) == 0
    report = json.loads(seen.read_text())
    assert report["service"]["name"] == "ci-good"
    assert report["service"]["state"] == "active"
    assert datetime.fromisoformat(report["service"]["expires"]) > datetime.now(UTC)
    assert {node["name"]: bool(node["addresses"]) for node in report["nodes"]} == {"pacs": True, "pacs-db": True}
    assert nothing_is_left(pretend, "ci-good")


def test_a_job_whose_test_fails_ends_with_its_status_and_gives_back_all_the_same(pretend: Installation) -> None:
    job = start(pretend, "bad", "sh", "-c", "exit 7")
    assert job.wait(120) == 7
    assert nothing_is_left(pretend, "ci-bad")


def test_what_a_killed_pipeline_deployed_is_released_at_the_end_of_its_time(
    pretend: Installation, tmp_path: Path
) -> None:
    reached = tmp_path / "reached"
    job = start(pretend, "killed", "sh", "-c", f"touch {reached}; exec sleep 600", ttl="15s")
    until(reached.exists, "the job tries the service")
    os.killpg(job.pid, signal.SIGKILL)
    job.wait()
    assert pretend.state("ci-killed") == "active"
    until(lambda: nothing_is_left(pretend, "ci-killed"), "the worker gives it back", pause=1.0)


def start(pretend: Installation, name: str, *command: str, ttl: str = "2h") -> subprocess.Popen[bytes]:
    """The job, as the leader of its own group of processes."""
    environment = {**pretend.environment, "CI_JOB_ID": name, "JOB_TTL": ttl}
    return subprocess.Popen(["sh", JOB, MANIFEST, *command], env=environment, start_new_session=True)


def nothing_is_left(pretend: Installation, service: str) -> bool:
    return pretend.state(service) == "absent" and json.loads(pretend.told("volumes", "--json")) == []
