"""A step that failed in a node is run again by a retry, and only by a retry: the verbs, the door and the agent."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from broker.execute import Done, Failed, Waiting
from broker.execute.outcomes import Outcome
from broker.settings import Settings
from broker.store import Store
from broker.verbs import Job, Tools, Verbs
from manifests import Plan, Step
from tests.agent.conftest import PATIENCE, Node

FAILS_ONCE = 'echo run >> "{0}"; [ "$(wc -l < "{0}")" -gt 1 ]'
TOKEN = "the-token-of-the-step"


def outcome(store: Store, settings: Settings, node: Node, step: Step, retry: str = "") -> Outcome:
    """What a walk is answered in the end, for an operation: the first, or a retry of that id."""
    job = Job("inst", node.account, node.service, "demo", "deploy", Plan("deploy", "demo", ()), {}, {}, str, retry)
    verbs = Verbs(Tools(store, settings, {}, lambda: "", "key"), job)
    ends = time.monotonic() + PATIENCE
    found = verbs.start(step, step.inputs, TOKEN)
    while isinstance(found, Waiting) and time.monotonic() < ends:
        time.sleep(found.after_seconds)
        found = verbs.look(step, step.inputs, TOKEN, found.partial)
    return found


@pytest.fixture
def step(node: Node, tmp_path: Path) -> Step:
    inputs = {"machine": "m-1", "script": FAILS_ONCE.format(tmp_path / "runs")}
    return Step(f"{node.name}.0.setup.postgresql", "run", f"package/{node.name}.0.postgresql", inputs)


def test_a_failed_script_is_run_again_by_a_retry_and_once_for_it(
    store: Store, settings: Settings, node: Node, step: Step, tmp_path: Path
) -> None:
    assert isinstance(outcome(store, settings, node, step), Failed)
    assert isinstance(outcome(store, settings, node, step), Failed)  # taken up after a crash: what came of it is known
    assert (tmp_path / "runs").read_text() == "run\n"
    for _ in range(2):
        assert isinstance(outcome(store, settings, node, step, retry="operation-2"), Done)
    assert (tmp_path / "runs").read_text() == "run\nrun\n"
