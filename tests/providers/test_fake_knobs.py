"""Each knob of the fake cloud, by a test that shows it. Those that need no clock of ours run on the server too."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, cast

import pytest

from providers import devices, open_provider
from providers.errors import Ambiguous, Conflict, NotFound, Quota, Refused, Throttled, Unavailable
from providers.fake import GIB, Call, Fake, Knobs, Quotas, Script, Throttle, Trouble, read_knobs
from providers.protocol import (
    Ability,
    Action,
    Attachment,
    Instruction,
    Kind,
    MachineSpec,
    NetworkSpec,
    Outcome,
    Problem,
    Provider,
    Resource,
    SnapshotSpec,
    State,
    VolumeSpec,
)

SOON = 5.0


class Clock:
    """Monotonic seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    command = [sys.executable, "-m", "providers.fake.server", "--knobs", "{}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


@pytest.fixture(params=["memory", "server"])
def fake(request: pytest.FixtureRequest) -> Iterator[Fake]:
    """The fake cloud with nothing in it; the server's driver has the same methods."""
    url = request.getfixturevalue("server") if request.param == "server" else None
    provider = cast(Fake, open_provider("paris", "fake", {"url": url} if url else {}))
    provider.turn_knobs(Knobs())
    yield provider
    provider.calm()
    for kind in (Kind.MACHINE, *Kind):
        for each in provider.resources():
            if each.kind is kind:
                provider.delete(kind, each.id, deadline=SOON)
    provider.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lan(fake: Fake, name: str = "lan", key: str = "lan") -> Resource:
    return fake.create(NetworkSpec(name), token=key, tags={}, deadline=SOON)


def machine(fake: Fake, name: str = "pacs", **changes: Any) -> Resource:
    spec = MachineSpec(**{"name": name, "hostname": name, "image": "linux", "size": "small", **changes})
    return fake.create(spec, token=name, tags={}, deadline=SOON)


def told(fake: Fake, one: Resource, text: str, key: str = "i1") -> Outcome | None:
    return fake.instruct(one.id, Instruction("run", {"script": text}), token=key, deadline=SOON)


# What goes wrong


def test_fail_raises_the_given_error_at_the_nth_call_and_does_nothing(fake: Fake) -> None:
    fake.trouble(Trouble("fail", call="create", nth=2, error="quota"))
    lan(fake, "first", "t1")
    with pytest.raises(Quota):
        lan(fake, "second", "t2")
    lan(fake, "third", "t3")
    assert [each.name for each in fake.resources()] == ["first", "third"]


def test_fail_may_last_some_times_or_for_ever(fake: Fake) -> None:
    fake.trouble(Trouble("fail", call="create", times=2))
    fake.trouble(Trouble("fail", call="find", times=0, error="auth"))
    for _ in range(2):
        with pytest.raises(Unavailable):
            lan(fake)
    assert lan(fake).name == "lan"
    fake.calm()
    assert fake.find(Kind.NETWORK, "lan", deadline=SOON) is not None


def test_refuse_by_kind_and_name_is_a_failure_that_lasts(fake: Fake) -> None:
    fake.trouble(Trouble("fail", call="create", kind="machine", name="big*", times=0, error="refused"))
    lan(fake, "big-lan")
    for _ in range(2):
        with pytest.raises(Refused):
            machine(fake, "big-1")
    assert machine(fake, "small-1").state is State.ACTIVE


def test_a_failure_may_be_throttled_with_its_delay(fake: Fake) -> None:
    fake.trouble(Trouble("fail", error="throttled", delay=7.5))
    with pytest.raises(Throttled) as raised:
        lan(fake)
    assert raised.value.delay == 7.5
    assert raised.value.provider == "paris"


def test_a_lost_answer_is_ambiguous_and_the_thing_is_made(fake: Fake) -> None:
    fake.trouble(Trouble("lose", call="create"))
    with pytest.raises(Ambiguous):
        lan(fake)
    found = fake.find(Kind.NETWORK, "lan", deadline=SOON)
    assert found is not None
    assert lan(fake).id == found.id


@pytest.mark.parametrize(("when", "there"), [("before", False), ("after", True)])
def test_a_held_call_is_told_of_and_goes_on_when_it_is_let_go(fake: Fake, when: Any, there: bool) -> None:
    fake.trouble(Trouble("hold", call="create", name="lan", when=when))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(lan, fake)
        (held,) = fake.held(wait=SOON)
        assert (held.call.method, held.call.thing, held.call.token, held.when) == ("create", "lan", "lan", when)
        assert bool(fake.resources()) is there
        fake.let_go()
        assert answer.result(timeout=SOON).name == "lan"
    assert fake.held() == ()


def test_a_call_held_past_its_deadline_is_ambiguous(fake: Fake) -> None:
    fake.trouble(Trouble("hold", call="create"))
    with pytest.raises(Ambiguous):
        fake.create(NetworkSpec("lan"), token="lan", tags={}, deadline=0.05)


def test_other_calls_pass_while_one_is_held(fake: Fake) -> None:
    fake.trouble(Trouble("hold", call="create", name="slow"))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(lan, fake, "slow", "slow")
        fake.held(wait=SOON)
        assert lan(fake, "quick", "quick").name == "quick"
        fake.let_go()
        assert answer.result(timeout=SOON)


def test_a_lost_machine_is_gone_without_anybody_having_asked(fake: Fake) -> None:
    net = lan(fake)
    one = machine(fake, networks=(net.id,))
    fake.lose(Kind.MACHINE, one.id)
    with pytest.raises(NotFound):
        fake.observe(Kind.MACHINE, one.id, deadline=SOON)
    fake.delete(Kind.NETWORK, net.id, deadline=SOON)


def test_a_machine_may_come_to_another_state_by_itself(fake: Fake) -> None:
    one = machine(fake)
    fake.turn(one.id, State.ERROR)
    assert fake.observe(Kind.MACHINE, one.id, deadline=SOON).state is State.ERROR
    with pytest.raises(Conflict):
        fake.act(Kind.MACHINE, one.id, Action.START, deadline=SOON)


# How long things take


def test_latency_past_the_deadline_is_ambiguous_and_the_thing_is_made(fake: Fake) -> None:
    fake.turn_knobs(Knobs(latencies={"create": 0.1}))
    with pytest.raises(Ambiguous):
        fake.create(NetworkSpec("lan"), token="lan", tags={}, deadline=0.05)
    fake.turn_knobs(Knobs())
    with ThreadPoolExecutor(1) as pool:  # the server may still be at it when its client has given up
        assert pool.submit(_until, fake.resources).result(timeout=SOON)


def test_latency_holds_for_every_method_that_has_none_of_its_own() -> None:
    fake = Fake("paris", Knobs(latency=0.05, latencies={"create": 0.0}))
    lan(fake)
    with pytest.raises(Ambiguous):
        fake.find(Kind.NETWORK, "lan", deadline=0.02)


def test_pending_lasts_its_time_after_making_and_after_acting(clock: Clock) -> None:
    fake = Fake("paris", Knobs(pending=10.0), clock)
    one = machine(fake)
    assert one.state is State.PENDING
    with pytest.raises(Conflict):
        fake.act(Kind.MACHINE, one.id, Action.STOP, deadline=SOON)
    clock.now = 10.0
    assert fake.observe(Kind.MACHINE, one.id, deadline=SOON).state is State.ACTIVE
    assert fake.act(Kind.MACHINE, one.id, Action.STOP, deadline=SOON).state is State.PENDING
    clock.now = 20.0
    assert fake.observe(Kind.MACHINE, one.id, deadline=SOON).state is State.STOPPED


def test_throttling_says_how_long_to_wait(clock: Clock) -> None:
    fake = Fake("paris", Knobs(throttle=Throttle(calls=2, per=10.0)), clock)
    lan(fake, "a", "a")
    clock.now = 4.0
    lan(fake, "b", "b")
    with pytest.raises(Throttled) as raised:
        lan(fake, "c", "c")
    assert raised.value.delay == 6.0
    clock.now = 10.0
    assert lan(fake, "c", "c").name == "c"


# What the cloud has


def test_a_quota_says_its_numbers_and_is_given_back_with_the_machine(fake: Fake) -> None:
    fake.turn_knobs(Knobs(quotas=Quotas(machines=1)))
    one = machine(fake, "one")
    assert fake.offers(deadline=SOON)[0].left == {"machines": 0}
    with pytest.raises(Quota, match="quota of machines is 1, 1 used"):
        machine(fake, "two")
    fake.delete(Kind.MACHINE, one.id, deadline=SOON)
    assert machine(fake, "two").state is State.ACTIVE


@pytest.mark.parametrize("quotas", [Quotas(cores=3), Quotas(memory=3 * GIB)])
def test_cores_and_memory_have_quotas_too(fake: Fake, quotas: Quotas) -> None:
    fake.turn_knobs(Knobs(quotas=quotas))
    machine(fake, "one", size="small")
    with pytest.raises(Quota):
        machine(fake, "two", size="large")


def test_zones_have_factors_on_prices(fake: Fake) -> None:
    fake.turn_knobs(Knobs(zones={"near": Decimal(1), "far": Decimal("0.5")}, currency="CHF"))
    near, far = fake.offers(deadline=SOON)
    assert (near.zone, far.zone, far.currency) == ("near", "far", "CHF")
    assert (near.sizes[0].price, far.sizes[0].price) == (Decimal("0.01"), Decimal("0.005"))


def test_sizes_are_by_name_unless_they_are_flexible(fake: Fake) -> None:
    with pytest.raises(Refused, match="there is no size None"):
        machine(fake, size=None)
    fake.turn_knobs(Knobs(flexible=True))
    made = machine(fake, size=None, cores=3, memory=5 * GIB)
    assert (made.facts["cores"], made.facts["memory"]) == (3, 5 * GIB)
    with pytest.raises(Refused, match="no size has 99 cores"):
        machine(fake, "huge", size=None, cores=99)


@pytest.mark.parametrize("image", ["linux", "debian-12", "image-debian-12"])
def test_an_image_goes_by_id_name_or_alias(fake: Fake, image: str) -> None:
    assert machine(fake, image=image).facts["image"] == "image-debian-12"


def test_a_snapshot_is_offered_as_an_image(fake: Fake) -> None:
    one = machine(fake)
    saved = fake.create(SnapshotSpec("golden", one.id), token="s", tags={}, deadline=SOON)
    assert saved.id in {image.id for image in fake.offers(deadline=SOON)[0].images}
    assert machine(fake, "copy", image=saved.id).facts["image"] == saved.id


def test_packages_are_taken_only_where_they_are_offered(fake: Fake) -> None:
    with pytest.raises(Refused, match="no packages"):
        machine(fake, packages=("orthanc",))
    fake.turn_knobs(Knobs(abilities=frozenset(Ability)))
    assert machine(fake, packages=("orthanc",)).state is State.ACTIVE


def test_a_cloud_may_be_without_volumes(fake: Fake) -> None:
    fake.turn_knobs(Knobs(abilities=frozenset(Ability) - {Ability.VOLUMES}))
    with pytest.raises(Refused, match="no volumes"):
        fake.create(VolumeSpec("data", size=GIB), token="v", tags={}, deadline=SOON)


def test_volumes_may_be_devices(fake: Fake) -> None:
    fake.turn_knobs(Knobs(abilities=frozenset(Ability)))
    volume = fake.create(VolumeSpec("data", size=GIB), token="v", tags={}, deadline=SOON)
    seen = machine(fake, volumes=(Attachment(volume.id, "/srv"),)).facts["devices"]
    assert devices.names(str(seen), volume.id) == devices.by_serial(volume.id)


def test_check_answers_the_problems_it_is_given(fake: Fake) -> None:
    fake.turn_knobs(Knobs(problems=(Problem("no credential", "put one into the settings"),)))
    assert [each.mend for each in fake.check(deadline=SOON)] == ["put one into the settings"]


# Idempotency and instructions


def test_a_cloud_without_idempotency_makes_the_same_token_twice_and_finds_the_older(fake: Fake) -> None:
    fake.turn_knobs(Knobs(idempotent=False))
    first, second = lan(fake), lan(fake)
    assert first.id != second.id
    found = fake.find(Kind.NETWORK, "lan", deadline=SOON)
    assert found is not None
    assert found.id == first.id


def test_an_instruction_is_carried_out_once_a_token(fake: Fake) -> None:
    before = len(fake.carried())
    one = machine(fake)
    assert told(fake, one, "true") == told(fake, one, "true") == Outcome(0)
    assert told(fake, one, "true", "i2") == Outcome(0)
    assert [each.token for each in fake.carried()][before:] == ["i1", "i2"]


def test_a_script_ends_as_it_is_told_to_by_its_content(fake: Fake) -> None:
    fake.turn_knobs(Knobs(scripts=(Script("make coffee", exit=3, output="no beans"),)))
    one = machine(fake)
    assert told(fake, one, "set -e; make coffee") == Outcome(3, "no beans")
    assert told(fake, one, "make tea", "i2") == Outcome(0)


def test_a_script_runs_its_seconds_before_it_ends(clock: Clock) -> None:
    fake = Fake("paris", Knobs(scripts=(Script("sleep", seconds=30.0),)), clock)
    one = machine(fake)
    assert told(fake, one, "sleep 30") is None
    clock.now = 30.0
    assert told(fake, one, "sleep 30") == Outcome(0)
    assert len(fake.ledger.carried) == 1


def test_a_machine_that_does_not_run_carries_nothing_out(fake: Fake) -> None:
    one = machine(fake)
    fake.act(Kind.MACHINE, one.id, Action.STOP, deadline=SOON)
    with pytest.raises(Conflict):
        told(fake, one, "true")


def test_delivery_none_refuses_instructions(fake: Fake) -> None:
    fake.turn_knobs(Knobs(delivery="none"))
    assert fake.offers(deadline=SOON)[0].delivery == "none"
    with pytest.raises(Refused):
        told(fake, machine(fake), "true")


# What it counts, and where its knobs come from


def test_every_call_and_everything_ever_made_is_counted(fake: Fake) -> None:
    calls, made = len(fake.calls()), len(fake.made())
    one = lan(fake)
    fake.delete(Kind.NETWORK, one.id, deadline=SOON)
    assert fake.calls()[calls:] == (
        Call("create", "network", "lan", token="lan"),
        Call("delete", "network", "lan", one.id),
    )
    assert [each.id for each in fake.made()[made:]] == [one.id]
    assert fake.resources() == ()


def test_the_servers_state_survives_its_clients(server: str) -> None:
    first, second = (cast(Fake, open_provider(name, "fake", {"url": server})) for name in ("a", "b"))
    made = lan(first, key="survivor")
    first.close()
    assert second.find(Kind.NETWORK, "survivor", deadline=SOON) == made
    second.delete(Kind.NETWORK, made.id, deadline=SOON)
    second.close()


def test_a_client_that_dies_while_its_call_is_held_has_its_thing_made_all_the_same(server: str) -> None:
    """What a crash test does: kill -9 between the call and its result, then let the cloud finish."""
    watch = cast(Fake, open_provider("watch", "fake", {"url": server}))
    watch.trouble(Trouble("hold", call="create", name="orphan"))
    code = (
        "from providers import open_provider; from providers.protocol import NetworkSpec;"
        f"open_provider('w', 'fake', {{'url': {server!r}}})"
        ".create(NetworkSpec('orphan'), token='orphan', tags={}, deadline=60)"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as worker:
        assert watch.held(wait=30.0)
        worker.kill()
    watch.let_go()
    made = _until(lambda: watch.find(Kind.NETWORK, "orphan", deadline=SOON))
    watch.delete(Kind.NETWORK, made.id, deadline=SOON)
    watch.calm()
    watch.close()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    gone = open_provider("gone", "fake", {"url": "http://127.0.0.1:9"})
    with pytest.raises(Unavailable, match="does not answer"):
        gone.offers(deadline=SOON)


def test_knobs_come_from_the_settings_and_every_mistake_is_named() -> None:
    knobs = read_knobs("paris", {"sizes": [{"name": "s", "cores": 1, "memory": GIB, "disk": 0, "price": "0.5"}]})
    assert knobs.sizes[0].price == Decimal("0.5")
    with pytest.raises(Refused, match=r"paris: latency: .*; colour: "):
        read_knobs("paris", {"latency": "much", "colour": "blue"})


def test_a_server_has_its_own_knobs() -> None:
    with pytest.raises(Refused, match="has its own knobs; leave out latency"):
        open_provider("paris", "fake", {"url": "http://127.0.0.1:9", "latency": 1})


def _until(look: Callable[[], Any]) -> Any:
    """What `look` gives as soon as it is something."""
    waiter = threading.Event()
    for _ in range(int(SOON / 0.02)):
        if found := look():
            return found
        waiter.wait(0.02)
    raise AssertionError("it did not come to be")


def test_the_fake_cloud_is_a_provider(fake: Fake) -> None:
    assert isinstance(fake, Provider)
