"""What is made of several things may be left half made more than once: it is given back, and made whole in the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from providers.errors import Ambiguous
from providers.fake import Fake, Knobs
from providers.protocol import Kind, NetworkSpec, Resource, Spec, State
from tests.faults.trial import Quick
from tests.operations.stage import Stage


class Composite(Fake):
    """A cloud whose first networks are made in part, and then the connection ends."""

    def __init__(self, halves: int) -> None:
        super().__init__("paris", Knobs(idempotent=False))
        self.halves = halves
        self.half: set[str] = set()

    def create(self, spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        made = super().create(spec, token=token, tags=tags, deadline=deadline)
        if isinstance(spec, NetworkSpec) and len(self.half) < self.halves:
            self.half.add(made.id)
            raise Ambiguous("cut in the middle")
        return made

    def find(self, kind: Kind, token: str, *, deadline: float) -> Resource | None:
        found = super().find(kind, token, deadline=deadline)
        return replace(found, state=State.ERROR) if found and found.id in self.half else found


def test_a_network_that_is_left_half_made_twice_is_whole_the_third_time(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Composite(2), clock=Quick())
    service = stage.deployed()
    assert [each for each in stage.left() if each.startswith("network/")] == ["network/pair-n1"]
    stage.ask(service, "release", volumes=True)
    stage.work()
    assert stage.left() == []
