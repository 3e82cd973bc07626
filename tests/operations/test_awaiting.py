"""Waiting for agents: a new machine's calls home; one that was started again is asked, and answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.execute.outcomes import Done, Outcome, Waiting
from broker.store import agents, instructions
from broker.verbs import Job, Verbs
from manifests import Step
from tests.operations.stage import ACCOUNT, INSTALLATION, Stage

AWAIT = Step("web.0.agent", "await", "agent/web.0", {"machine": "m1"})


class Awaited:
    """The wait for the agent of the node web, in an operation of a kind."""

    def __init__(self, stage: Stage, kind: str) -> None:
        self.store, self.service = stage.store, stage.submit()
        job = Job(INSTALLATION, ACCOUNT, self.service, "pair", kind, stage.plan(), {}, {}, token_of=str)
        self._verbs = Verbs(stage.tools, job)
        with self.store.write() as tx:
            agents.bind(tx, ACCOUNT, self.service, "web", "once")

    def looked(self, token: str) -> Outcome:
        return self._verbs.look(AWAIT, AWAIT.inputs, token, {})

    def call_home(self) -> None:
        with self.store.write() as tx:
            agents.seen(tx, ACCOUNT, self.service, "web")

    def answer(self, exit: int) -> int:
        """Carry out what the node is told; how much that was."""
        with self.store.write() as tx:
            told = instructions.pending(tx, ACCOUNT, self.service, "web")
            for one in told:
                instructions.outcome(tx, ACCOUNT, self.service, "web", id=one.id, exit=exit)
        return len(told)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_new_machines_agent_is_there_once_it_has_called_home(stage: Stage) -> None:
    awaited = Awaited(stage, "deploy")
    assert isinstance(awaited.looked("t1"), Waiting)
    awaited.call_home()
    assert isinstance(awaited.looked("t1"), Done)
    assert awaited.answer(0) == 0, "it is told nothing"


@pytest.mark.parametrize("exit", [0, 75])
def test_an_agent_that_slept_is_asked_and_any_answer_will_do(stage: Stage, exit: int) -> None:
    """It may sit in a fetch that began before it was suspended, and would say nothing until that ends by itself."""
    awaited = Awaited(stage, "start")
    awaited.call_home()
    assert isinstance(awaited.looked("t1"), Waiting)
    assert isinstance(awaited.looked("t1"), Waiting)
    assert awaited.answer(exit) == 1, "it is asked once"
    assert isinstance(awaited.looked("t1"), Done)
    assert isinstance(awaited.looked("t2"), Waiting), "the next start asks again"
