"""Readings and scripts of the agent, called directly."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.agent import node
from broker.door import messages
from sla import METRICS
from tests.agent.conftest import until

# cords.md appendix B, all but eth0, which this machine need not have: lo is read the same way
REFERENCE = (
    *("activity", "cpu", "cpu:speed", "cpu:cores", "cpu:user", "cpu:system", "cpu:active", "cpu:idle", "cpu:wait"),
    *("cpu:vendor", "top:user", "user:count", "every:minute", "every:hour", "every:day", "every:week"),
    *(f"net:stat:{what}" for what in ("listen", "established", "timewait", "tcp", "udp", "unix")),
    *(f"net:lo:{what}" for what in ("rx", "tx", "err", "status")),
    *("memory", "memory:total", "memory:used", "memory:free", "memory:buffers"),
    *("swap", "swap:total", "swap:used", "swap:free", "swap:cached"),
    *("tasks", "tasks:total", "tasks:running", "tasks:sleeping", "tasks:stopped", "tasks:zombies"),
    *("du", "du:bytes", "du:blocks"),
)


def test_these_are_the_49_metrics_of_the_original() -> None:
    eth0 = [f"net:eth0:{what}" for what in ("rx", "tx", "err", "status")]
    assert len({*REFERENCE, *eth0}) == 49
    assert {*REFERENCE, *eth0} <= METRICS.keys()


@pytest.mark.parametrize("metric", [*REFERENCE, "disk:total", "disk:used", "disk:free", "disk:percent"])
def test_every_metric_of_the_reference_is_a_number_that_the_door_takes(metric: str, tmp_path: Path) -> None:
    if metric == "cpu:speed" and "cpu MHz" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("this machine does not say its speed")
    sample = node.Probe(metric, str(tmp_path), 1).measure()
    assert sample is not None
    assert isinstance(sample["value"], int)
    assert 0 <= sample["value"] < 2**60
    assert messages.METRIC.fullmatch(metric)


def test_shares_of_the_processor_add_up() -> None:
    idle, busy, wait = (node.Probe(metric, "", 1) for metric in ("cpu:idle", "cpu", "cpu:wait"))
    idle.spent = busy.spent = wait.spent = [0] * 8
    readings = [probe.reading("") for probe in (idle, busy, wait)]
    assert sum(readings) == pytest.approx(100, abs=1)


def test_a_tree_is_counted_as_du_counts_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "file").write_bytes(b"x" * 12345)
    os.link(tmp_path / "a" / "file", tmp_path / "a" / "b" / "same")
    (tmp_path / "loop").symlink_to(tmp_path)
    for metric, option in (("du:bytes", "-sb"), ("du:blocks", "-sk")):
        counted = subprocess.run(["du", option, "-x", str(tmp_path)], check=True, capture_output=True, text=True)
        assert node.METRICS[metric](str(tmp_path)) == int(counted.stdout.split()[0])


def test_what_cannot_be_measured_gives_no_sample_and_is_tried_again(tmp_path: Path) -> None:
    probe = node.Probe("du:bytes", str(tmp_path / "not-yet"), 1)
    assert probe.measure() is None
    (tmp_path / "not-yet").mkdir()
    assert probe.measure() is not None


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("echo 42", 42),
        ("printf '  97.3%%id\\n'", 97),
        ("echo -5 below", -5),
        ("printf '3\\n4\\n'; exit 1", 3),
        ("yes 7", 7),
        ("echo none", None),
        ("true", None),
    ],
)
def test_a_metric_of_a_site_is_the_integer_that_its_expression_begins_with(expression: str, value: int | None) -> None:
    sample = node.Probe("own", "", 60, 1, expression).measure()
    assert (sample or {}).get("value") == value


def test_an_expression_that_takes_too_long_gives_no_sample_and_leaves_no_process() -> None:
    probe = node.Probe("own", "", 1, 1, "sleep 3011 & sleep 3012")
    assert probe.measure() is None

    def over() -> bool:
        running = [node.command(pid) for pid in node.processes()]
        return not [words for words in running if words in (["sleep", "3011"], ["sleep", "3012"])]

    until(over, "the end of what the expression started")


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True),
        st.text().filter(lambda text: "\0" not in text and not re.search("[\ud800-\udfff]", text)),
    )
)
def test_an_environment_file_reads_back(environment: dict[str, str]) -> None:
    assert node.assignments(node.as_file(environment)) == environment


STUBS = """
dpkg() { echo "dpkg $*"; }
apt-get() { case "$*" in *update*) UPDATED=1; echo update;; *) echo "install $*"; [ -n "$UPDATED" ];; esac; }
"""


def test_packages_are_installed_after_an_update_when_they_are_not_known_yet() -> None:
    text = node.install(None, {"packages": ["orthanc", "libpq5"]}, [])  # type: ignore[arg-type]  # needs no agent
    found = subprocess.run(
        ["bash", "--posix", "+o", "posix", "-e", "-c", STUBS + text], check=True, capture_output=True, text=True
    )
    lines = found.stdout.splitlines()
    assert lines[0] == "dpkg --configure -a"
    assert [line.split()[0] for line in lines[1:]] == ["install", "update", "install"]
    assert all(line.endswith("install orthanc libpq5") for line in (lines[1], lines[3]))
    assert "--no-install-recommends" in lines[1]
