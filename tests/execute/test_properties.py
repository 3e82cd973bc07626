"""What holds for every plan, every failure, and every place a worker can die at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.execute import Done, Ending, Failed, Outcome, Waiting, execute
from manifests.plan import Plan, Ref
from tests.execute.cloud import Book, Clock, Cloud, Killed, plan, step

AGAIN = Failed({"code": "again"}, retryable=True)
NEVER = Failed({"code": "never"})
LATER = Waiting({"id": "partial"}, 3.0)
DONE = Done({"id": "made"})

# What a step's calls answer, one after the other, and whether the step is done in the end.
COURSES: Mapping[str, tuple[Sequence[Outcome], bool]] = {
    "at once": ((DONE,), True),
    "after a while": ((LATER, LATER, DONE), True),
    "after a failure": ((AGAIN, DONE), True),
    "after failures while waiting": ((LATER, AGAIN, LATER, AGAIN, DONE), True),
    "never": ((NEVER,), False),
    "never, after a while": ((LATER, NEVER), False),
    "never, whatever is tried": ((AGAIN,), False),
}
GOOD = [name for name, (_, good) in COURSES.items() if good]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Up to ten steps; each needs some of those before it, and refers to the results of those that are not optional."""
    steps = []
    for number in range(draw(st.integers(1, 10))):
        before = [one for one in steps if draw(st.booleans())]
        inputs = {f"in{n}": Ref(one.id, "id") for n, one in enumerate(before) if not one.optional}
        optional = draw(st.integers(0, 3)) == 0
        steps.append(step(f"s{number}", *(one.id for one in before), optional=optional, **inputs))
    return plan(*steps)


def courses(names: Sequence[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({f"s{number}": st.sampled_from(names) for number in range(10)})


def walk(of: Plan, cloud: Cloud, book: Book, parallel: int = 8) -> Ending:
    return execute(of, cloud, book, parallel=parallel, clock=Clock())


def cloud_of(course: Mapping[str, str]) -> Cloud:
    return Cloud({id: COURSES[name][0] for id, name in course.items()})


@settings(max_examples=150, deadline=None)
@given(plans(), courses(list(COURSES)), st.integers(1, 4))
def test_every_step_is_done_failed_or_behind_a_failure(of: Plan, course: dict[str, str], parallel: int) -> None:
    ending = walk(of, cloud_of(course), Book(), parallel)
    assert sorted((*ending.done, *ending.failed, *ending.blocked)) == sorted(one.id for one in of.steps)
    harmful = {id for id in ending.failed if not of.step(id).optional}
    for one in of.steps:
        behind = any(need in harmful or need in ending.blocked for need in one.needs)
        assert (one.id in ending.blocked) == behind
        assert behind or (one.id in ending.done) == COURSES[course[one.id]][1]
    assert ending.complete == (not harmful)


@settings(max_examples=150, deadline=None)
@given(plans(), courses(list(COURSES)), st.integers(1, 4))
def test_no_step_is_called_before_its_needs_ended_and_its_intent_was_committed(
    of: Plan, course: dict[str, str], parallel: int
) -> None:
    cloud, book = cloud_of(course), Book()

    def check(one: object) -> None:
        id = one.id  # type: ignore[attr-defined]
        assert book.rows[id].state in ("begun", "waiting")
        for need in of.step(id).needs:
            assert book.rows[need].state == "done" or of.step(need).optional
            assert book.rows[need].state in ("done", "failed")

    cloud.during = check
    ending = walk(of, cloud, book, parallel)
    assert "step.bug" not in {error["code"] for error in ending.failed.values()}


@settings(max_examples=200, deadline=None)
@given(plans(), courses(GOOD), st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=4))
def test_killed_at_any_write_and_walked_again_each_step_happens_once(
    of: Plan, course: dict[str, str], deaths: list[tuple[int, bool]]
) -> None:
    cloud, book = cloud_of(course), Book()
    for at, after in deaths:
        book.writes, book.kill_at, book.after = 0, at, after
        try:
            walk(of, cloud, book)
        except Killed:
            continue
    book.kill_at = None
    ending = walk(of, cloud, book)
    assert ending.complete and set(ending.done) == {one.id for one in of.steps}
    assert cloud.count("made") == {one.id: 1 for one in of.steps}


@settings(max_examples=60, deadline=None)
@given(plans(), courses(list(COURSES)))
def test_a_finished_walk_walked_again_does_nothing_and_ends_the_same(of: Plan, course: dict[str, str]) -> None:
    cloud, book = cloud_of(course), Book()
    first = walk(of, cloud, book)
    calls, writes = len(cloud.log), book.writes
    assert walk(of, cloud, book) == first
    assert (len(cloud.log), book.writes) == (calls, writes)


@settings(max_examples=100, deadline=None)
@given(plans(), courses(GOOD), st.integers(1, 12))
def test_a_lease_lost_at_any_write_ends_the_walk_and_nothing_is_written_after(
    of: Plan, course: dict[str, str], at: int
) -> None:
    def lose(book: Book) -> None:
        book.holder = book.writes != at

    book = Book(during=lose)
    ending = walk(of, cloud_of(course), book)
    assert ending.lost == (book.writes == at)
    assert len(book.wrote) == (at - 1 if ending.lost else book.writes)


@settings(max_examples=100, deadline=None)
@given(plans(), courses(GOOD), st.integers(1, 12))
def test_cancelled_at_any_write_nothing_more_begins_and_what_was_made_is_in_the_journal(
    of: Plan, course: dict[str, str], at: int
) -> None:
    def cancel(book: Book) -> None:
        book.phase = "cancelling" if book.writes >= at else "running"

    cloud, book = cloud_of(course), Book(during=cancel)
    ending = walk(of, cloud, book)
    assert ending.cancelled == (book.phase == "cancelling")
    assert set(cloud.things) <= set(book.rows)
    begun = {intent.step for _, _, intents in book.wrote[: at - 1] for intent in intents}
    assert not ending.cancelled or set(cloud.things) <= begun
