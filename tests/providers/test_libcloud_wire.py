"""What the generic driver makes of no answers on a real wire: libcloud's EC2 driver, the faults' proxy, and moto."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

import pytest

from providers import open_provider
from providers.errors import Auth, NotFound, ProviderError, Unavailable
from providers.protocol import Action, Kind, MachineSpec, NetworkSpec
from tests.faults.sites import SITES
from tests.providers.between import SLOW, Fault, untouched
from tests.providers.cloud import DEADLINE, Cloud, surely
from tests.providers.lab import LONG
from tests.providers.nodes import ec2_options
from tests.providers.targets import Missing, absent
from tests.providers.test_contract_promises import ANSWERS, MARGIN, SHORT
from tests.providers.wired import Call, Line, Wired

pytestmark = [pytest.mark.slow, pytest.mark.timeout(LONG)]
READS: Mapping[str, Call] = {
    "find": lambda at, deadline: at.provider.find(Kind.MACHINE, at.machine.token, deadline=deadline),
    "observe": lambda at, deadline: at.provider.observe(Kind.MACHINE, at.machine.id, deadline=deadline),
    "list": lambda at, deadline: at.provider.list(at.cloud.tags, deadline=deadline),
}
CHANGES: Mapping[str, Call] = {
    "create": lambda at, deadline: at.provider.create(
        MachineSpec("late", "late", "no-such-image"), token="u" * 26, tags=at.cloud.tags, deadline=deadline
    ),
    "act": lambda at, deadline: at.provider.act(Kind.MACHINE, at.machine.id, Action.STOP, deadline=deadline),
    "retag": lambda at, deadline: at.provider.retag(Kind.MACHINE, at.machine.id, {"a": "b"}, deadline=deadline),
    "delete": lambda at, deadline: at.provider.delete(Kind.MACHINE, at.machine.id, deadline=deadline),
}
CALLS = {**READS, **CHANGES}


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wired]:
    folder: Path = tmp_path_factory.mktemp("libcloud-wire")
    try:
        with SITES["moto"](folder) as site:
            options = ec2_options(site.proxy.url, folder)
            with closing(open_provider("sky", "libcloud:ec2", options)) as provider:
                cloud = Cloud(provider)
                network = cloud.make(NetworkSpec(cloud.name("lan")))
                machine = cloud.make(cloud.machine_spec(networks=(network.id,)))
                line = Line(provider, site.proxy, site.said["credentials"])
                yield Wired(line, cloud, network, machine, cloud.offer().sizes[0])
                site.proxy.rule = untouched
                cloud.give_back()
    except Missing as reason:
        absent("moto", reason, os.environ)


@pytest.mark.parametrize("said", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_is_no_answer_is_an_error_of_ours_and_no_news_of_a_machine(at: Wired, call: Call, said: Fault) -> None:
    with at.saying(lambda asked: said):
        error = surely(lambda: call(at, 5.0))
    assert not isinstance(error, NotFound)
    assert error.provider == "sky"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_no_call_outlives_its_deadline(at: Wired, call: Call) -> None:
    began = time.monotonic()
    with at.saying(lambda asked: SLOW), suppress(ProviderError):
        call(at, SHORT)
    assert time.monotonic() - began < SHORT + MARGIN


@pytest.mark.parametrize("call", READS.values(), ids=READS)
def test_who_may_not_look_is_told_so_and_not_that_there_is_nothing(at: Wired, call: Call) -> None:
    assert at.line.refused is not None
    with at.saying(at.line.refused):
        error = surely(lambda: call(at, DEADLINE))
    assert isinstance(error, Auth | Unavailable), error
    assert call(at, DEADLINE), "it works again"
