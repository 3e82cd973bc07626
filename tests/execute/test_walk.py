"""The walk, one behaviour at a time."""

from __future__ import annotations

import threading
import time

import pytest

from broker.errors import StoreFull
from broker.execute import Done, Failed, Patience, Waiting, execute
from broker.store import Projection
from broker.store.journal import Entry
from manifests.plan import Ref, Step
from tests.execute.cloud import Book, Clock, Cloud, plan, step

AGAIN = Failed({"code": "again"}, retryable=True)
NEVER = Failed({"code": "never", "message": "no"})


def test_a_failed_step_blocks_only_its_dependants() -> None:
    cloud = Cloud({"a": [NEVER]})
    ending = execute(plan(step("a"), step("b", "a"), step("c", "b"), step("d")), cloud, Book(), clock=Clock())
    assert (ending.done, ending.blocked, ending.complete) == (("d",), ("b", "c"), False)
    assert ending.failed == {"a": {"code": "never", "message": "no"}}


def test_an_optional_step_that_fails_blocks_nobody() -> None:
    cloud = Cloud({"a": [NEVER]})
    ending = execute(plan(step("a", optional=True), step("b", "a")), cloud, Book(), clock=Clock())
    assert (ending.done, list(ending.failed), ending.blocked, ending.complete) == (("b",), ["a"], (), True)


def test_refs_are_replaced_by_results_at_any_depth_and_secrets_stay_references() -> None:
    cloud = Cloud({"a": [Done({"id": "7", "value": "secret:1"})]})
    inputs = {"id": Ref("a", "id"), "deep": ({"x": Ref("a", "value", secret=True)}, 2), "plain": None}
    execute(plan(step("a"), step("b", "a", **inputs)), cloud, Book(), clock=Clock())
    assert cloud.given["b"] == {"id": "7", "deep": ({"x": "secret:1"}, 2), "plain": None}


def test_a_ref_to_what_an_optional_step_did_not_give_fails_its_step_alone() -> None:
    cloud = Cloud({"a": [NEVER]})
    steps = plan(step("a", optional=True), step("b", "a", id=Ref("a", "id")), step("c"))
    ending = execute(steps, cloud, Book(), clock=Clock())
    assert ending.done == ("c",)
    assert ending.failed["b"]["code"] == "step.bug"


def test_steps_that_become_ready_together_are_one_write() -> None:
    book = Book()
    execute(plan(step("a"), step("b", "a"), step("c", "a"), step("d", "a")), Cloud(), book, clock=Clock())
    assert [[intent.step for intent in intents] for _, _, intents in book.wrote[:2]] == [["a"], ["b", "c", "d"]]
    assert [one.step for one in book.wrote[1][0]] == ["a"]


def test_projections_and_events_go_with_the_result() -> None:
    shown = Projection("http://x#y", "1")
    book = Book()
    done = Done({"id": "1"}, projections=(shown,), events=(("made", {"id": "1"}),))
    execute(plan(step("a")), Cloud({"a": [done]}), book, clock=Clock())
    (ended,) = book.wrote[-1][0]
    assert (ended.result, ended.projections, ended.events) == ({"id": "1"}, (shown,), (("made", {"id": "1"}),))


def test_ready_steps_run_side_by_side_and_never_more_than_asked_for() -> None:
    """Three meet at a barrier; a fourth at the same time would be seen."""
    meeting, inside, most = threading.Barrier(3, timeout=30), [0], [0]
    lock = threading.Lock()

    def meet(_step: Step) -> None:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        meeting.wait()
        with lock:
            inside[0] -= 1

    ending = execute(plan(*(step(f"s{n}") for n in range(6))), Cloud(during=meet), Book(), parallel=3)
    assert ending.complete
    assert most[0] == 3


def test_waiting_steps_leave_their_place_to_others() -> None:
    cloud = Cloud({f"w{n}": [Waiting({"id": str(n)}, 60.0), Done({})] for n in range(5)})
    steps = [step(f"w{n}") for n in range(5)] + [step("z")]
    execute(plan(*steps), cloud, Book(), parallel=1, clock=Clock())
    assert cloud.log.index(("made", "z")) < cloud.log.index(("look", "w0"))


def test_a_partial_result_is_kept_once_and_handed_to_every_look() -> None:
    book = Book()
    cloud = Cloud({"a": [Waiting({"id": "7"}, 1.0)] * 3 + [Done({})]})
    execute(plan(step("a")), cloud, book, clock=Clock())
    assert cloud.looked == [{"id": "7"}] * 3
    assert sum(len(partials) for _, partials, _ in book.wrote) == 1


def test_a_waiting_step_is_taken_up_by_a_look_with_what_it_gave() -> None:
    book = Book(rows={"a": Entry("a", "waiting", 1, "token-a", 1, partial={"id": "7"})})
    cloud = Cloud()
    assert execute(plan(step("a")), cloud, book, clock=Clock()).complete
    assert (cloud.log, cloud.looked) == ([("look", "a")], [{"id": "7"}])


def test_an_intent_without_a_result_is_called_again_with_the_same_token() -> None:
    book = Book(rows={"a": Entry("a", "begun", 2, "token-a", 1)})
    cloud = Cloud(things={"a": "token-a"})
    execute(plan(step("a")), cloud, book, clock=Clock())
    assert cloud.log == [("start", "a"), ("found", "a")]
    assert book.rows["a"].attempt == 3


def test_retries_are_bounded_and_back_off() -> None:
    clock, cloud = Clock(), Cloud({"a": [AGAIN]})
    patience = Patience(attempts=4, backoff=1.0, longest=3.0)
    ending = execute(plan(step("a")), cloud, Book(), patience=patience, clock=clock)
    assert list(ending.failed) == ["a"]
    assert cloud.count("start")["a"] == 4
    assert clock.now == pytest.approx(1.0 + 2.0 + 3.0)


def test_a_throttled_step_waits_as_long_as_it_was_told() -> None:
    clock = Clock()
    cloud = Cloud({"a": [Failed({"code": "throttled"}, retryable=True, delay=17.0), Done({})]})
    assert execute(plan(step("a")), cloud, Book(), clock=clock).complete
    assert clock.now == pytest.approx(17.0)


def test_each_attempt_is_counted_in_the_journal() -> None:
    book = Book()
    execute(plan(step("a")), Cloud({"a": [AGAIN, AGAIN, Done({})]}), book, clock=Clock())
    assert [intents[0].attempt for _, _, intents in book.wrote if intents] == [1, 2, 3]


def test_a_step_that_never_comes_fails_at_its_time_out_waiting_included() -> None:
    clock, cloud = Clock(), Cloud({"a": [Waiting({"id": "7"}, 40.0)]})
    ending = execute(plan(step("a"), step("b", "a")), cloud, Book(), patience=Patience(step_timeout=100), clock=clock)
    assert (ending.failed["a"]["code"], ending.blocked) == ("step.timeout", ("b",))
    assert clock.now == pytest.approx(100.0)


def test_a_call_that_hangs_fails_its_step_and_not_the_walk() -> None:
    hang = threading.Event()
    cloud = Cloud(during=lambda one: hang.wait(60) if one.id == "a" else None)  # type: ignore[arg-type, func-returns-value]
    patience = Patience(step_timeout=0.05, tick=0.01)
    ending = execute(plan(step("a"), step("b")), cloud, Book(), patience=patience, parallel=2)
    hang.set()
    assert (ending.failed["a"]["code"], ending.done) == ("step.timeout", ("b",))


def test_a_bug_in_one_step_fails_that_step_alone() -> None:
    def stumble(one: Step) -> None:
        if one.id == "a":
            raise ZeroDivisionError("oh")

    ending = execute(plan(step("a"), step("b")), Cloud(during=stumble), Book(), clock=Clock())
    assert ending.done == ("b",)
    assert ending.failed["a"]["code"] == "step.bug"
    assert "ZeroDivisionError: oh" in ending.failed["a"]["message"]


def test_the_lease_is_renewed_while_steps_wait() -> None:
    book = Book(seconds=30.0)
    cloud = Cloud({"a": [Waiting({"id": "7"}, 300.0), Done({})]})
    execute(plan(step("a")), cloud, book, clock=Clock())
    assert book.renewals >= 29


def test_a_lease_lost_while_waiting_is_noticed_within_a_tick() -> None:
    clock, book = Clock(), Book()
    cloud = Cloud({"a": [Waiting({"id": "7"}, 300.0)]})
    book.during = lambda book: setattr(book, "holder", book.writes < 2)
    assert execute(plan(step("a")), cloud, book, clock=clock).lost
    assert cloud.count("look") == {}


def test_a_cancel_while_everything_waits_is_noticed_within_a_tick() -> None:
    clock, book = Clock(), Book()
    cloud = Cloud({"a": [Waiting({"id": "7"}, 300.0)]})

    def cancel(book: Book) -> None:
        book.phase = "cancelling" if book.writes == 2 else book.phase

    book.during = cancel
    ending = execute(plan(step("a"), step("b", "a")), cloud, book, clock=clock)
    assert ending.cancelled and not ending.complete
    assert book.rows["a"].partial == {"id": "7"}
    assert clock.now <= 1.0


def test_a_walk_that_is_told_to_stop_begins_nothing_more_and_sees_its_calls_to_their_end() -> None:
    told = threading.Event()
    cloud, book = Cloud({"b": [Waiting({"id": "7"}, 3600)]}, during=lambda _step: told.set()), Book()
    steps = plan(step("a"), step("b"), step("c", "a"))
    ending = execute(steps, cloud, book, clock=Clock(), stop=told.is_set)
    assert (ending.done, ending.stopped, ending.complete) == (("a",), True, False)
    assert {name: entry.state for name, entry in book.entries().items()} == {"a": "done", "b": "waiting"}
    assert execute(steps, Cloud(), book, clock=Clock()).complete


def test_calls_in_flight_are_seen_to_their_end_when_the_walk_is_cancelled() -> None:
    """What they make must be in the journal before a release looks for it."""
    book, cancelled = Book(), threading.Event()

    def during(one: Step) -> None:
        if one.id == "slow":
            assert cancelled.wait(30)
        else:
            book.phase = "cancelling"

    def note(book: Book) -> None:
        if book.phase == "cancelling":
            cancelled.set()

    book.during = note
    ending = execute(plan(step("quick"), step("slow"), step("after", "quick")), Cloud(during=during), book)
    assert ending.cancelled
    assert {id: row.state for id, row in book.rows.items()} == {"quick": "done", "slow": "done"}
    assert ending.blocked == ("after",)


def test_a_retryable_failure_in_a_cancelled_walk_stays_an_intent_for_the_release_to_look_into() -> None:
    book = Book()
    cloud = Cloud({"a": [AGAIN]}, during=lambda _step: setattr(book, "phase", "cancelling"))
    ending = execute(plan(step("a"), step("b")), cloud, book, parallel=1)
    assert ending.cancelled
    assert {id: row.state for id, row in book.rows.items()} == {"a": "begun"}


def test_a_cancel_that_comes_with_the_last_result_counts() -> None:
    book = Book()
    cloud = Cloud(during=lambda _step: setattr(book, "phase", "cancelling"))
    ending = execute(plan(step("a")), cloud, book, clock=Clock())
    assert (ending.done, ending.cancelled, ending.complete) == (("a",), True, False)


def test_a_full_disk_ends_the_walk_with_its_error_and_it_can_be_walked_again() -> None:
    def full(book: Book) -> None:
        if book.writes == 2:
            raise StoreFull("no room")

    cloud, book = Cloud(), Book(during=full)
    with pytest.raises(StoreFull):
        execute(plan(step("a"), step("b", "a")), cloud, book, clock=Clock())
    assert execute(plan(step("a"), step("b", "a")), cloud, book, clock=Clock()).complete
    assert cloud.count("made") == {"a": 1, "b": 1}


def test_a_need_that_is_no_step_is_refused_before_anything_happens() -> None:
    with pytest.raises(KeyError):
        execute(plan(step("a", "nowhere")), Cloud(), Book())


def test_an_empty_plan_is_complete() -> None:
    assert execute(plan(), Cloud(), Book()).complete


def test_no_thread_stays_behind() -> None:
    before = threading.active_count()
    execute(plan(*(step(f"s{n}") for n in range(20))), Cloud(), Book(), clock=Clock())
    until = time.monotonic() + 30
    while threading.active_count() > before and time.monotonic() < until:
        threading.Event().wait(0.01)
    assert threading.active_count() <= before


def test_each_step_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "broker.execute")
    cloud = Cloud({"a": [Waiting({"id": "7"}, 2.0), AGAIN, Done({})], "b": [NEVER]})
    execute(plan(step("a"), step("b")), cloud, Book(), clock=Clock())
    lines = [{name: vars(line)[name] for name in ("msg", "step", "provider", "seconds")} for line in caplog.records]
    assert lines == [
        {"msg": "step.failed", "step": "b", "provider": "fake", "seconds": 0.0},
        {"msg": "step.retry", "step": "a", "provider": "fake", "seconds": 2.0},
        {"msg": "step.done", "step": "a", "provider": "fake", "seconds": 2.5},
    ]
