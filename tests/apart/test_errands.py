"""A row that dies between storing what a client asked for and asking another row for it still owes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.errors import AccordsError, Clash, RowDown
from broker.hooks import errands
from broker.store import PLATFORM, entities, services
from tests.cloud.conftest import DEBIAN, SMALL, Occi, occi
from tests.operations.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    found.work()
    yield found
    found.close()


@pytest.fixture
def ann(house: House) -> Iterator[Occi]:
    found = occi(house)
    yield found
    found.http.close()


@pytest.fixture
def died(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row stores what it is asked for, and gets no further; what it owes need not grow old first."""
    monkeypatch.setattr(errands, "do", lambda *_: None)
    monkeypatch.setattr(errands, "SOON", -1)


def owed(house: House) -> int:
    with house.rows.sites["cloud"].store.read() as tx:
        return len(entities.page(tx, PLATFORM, kind=errands.KIND).records)


def again(house: House) -> int:
    """What the worker has it do; how much is left."""
    return int(house.hands.post("cloud", "/errands", {})["left"])


def known(house: House) -> list[str]:
    with house.tools.store.read() as tx:
        return [each.state for each in services.page(tx, "ward", released=True)]


def test_what_was_answered_is_owed_no_more(house: House, ann: Occi) -> None:
    ann.made(DEBIAN, SMALL)
    assert (owed(house), len(known(house))) == (0, 1)


@pytest.mark.usefixtures("died")
def test_what_is_owed_is_asked_for_by_and_by_and_once(house: House, ann: Occi) -> None:
    path = ann.made(DEBIAN, SMALL)
    assert (owed(house), known(house)) == (1, [])
    assert [again(house), again(house)] == [0, 0]
    house.work()
    assert ann.attributes(path)["occi.compute.state"] == "active"
    assert len(known(house)) == 1


@pytest.mark.usefixtures("died")
def test_what_was_asked_for_already_is_not_asked_for_again(
    house: House, ann: Occi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it was given back by somebody meanwhile."""
    path = ann.made(DEBIAN, SMALL)
    monkeypatch.setattr(errands, "_forget", lambda *_: None)
    again(house)
    monkeypatch.undo()
    monkeypatch.setattr(errands, "SOON", -1)
    service = str(ann.attributes(path)["org.accords.service"]).rpartition("/")[2]
    house.hands.acting_for("ward").post("service", f"/services/{service}/end", {})
    house.work()
    assert (owed(house), again(house), known(house)) == (1, 0, ["released"])


@pytest.mark.usefixtures("died")
def test_a_compute_that_goes_before_it_was_asked_for_is_never_made(
    house: House, ann: Occi, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ann.delete(ann.made(DEBIAN, SMALL)).status_code == 200
    assert again(house) == 1, "what asked for it may still be under way"
    monkeypatch.setattr(errands, "LATE", -1)
    assert (again(house), known(house)) == (0, [])


def test_what_may_have_been_asked_for_when_the_client_is_told_no_ends(
    house: House, ann: Occi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row was asked, and its answer did not come in time; nor did that to the end of it."""
    post = type(house.hands).post

    def lost(self: object, row: str, path: str, body: object, **query: str) -> object:
        if path.endswith("/end"):
            raise RowDown("no answer", row=row, retry_after=5)
        answer = post(self, row, path, body, **query)  # type: ignore[arg-type]  # a client it is
        if path == "/service/":
            raise RowDown("no answer", row=row, retry_after=5)
        return answer

    with monkeypatch.context() as away:
        away.setattr(type(house.hands), "post", lost)
        with pytest.raises(AssertionError, match="no answer"):
            ann.made(DEBIAN, SMALL)
    monkeypatch.setattr(errands, "SOON", -1)
    assert (len(known(house)), again(house)) == (1, 0)
    house.work()
    assert known(house) == ["released"]


@pytest.mark.usefixtures("died")
def test_one_that_is_refused_when_nobody_waits_any_more_says_why(
    house: House, ann: Occi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> bool:
        raise Clash("there is one of that name")

    path = ann.made(DEBIAN, SMALL)
    monkeypatch.setattr(errands, "_ask", refuses)
    assert again(house) == 0
    said = ann.attributes(path)
    assert (said["occi.compute.state"], said["occi.compute.state.message"]) == ("error", "there is one of that name")


@pytest.mark.usefixtures("died")
def test_a_row_that_is_away_is_asked_another_time(house: House, ann: Occi, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> bool:
        raise RowDown("nobody there", row="service", retry_after=5)

    ann.made(DEBIAN, SMALL)
    with monkeypatch.context() as now:
        now.setattr(errands, "_ask", away)
        assert again(house) == 1
    assert again(house) == 0


def test_users_have_no_errands_done(house: House) -> None:
    with pytest.raises(AccordsError) as caught:
        house.client("ann", "ward").post("cloud", "/errands", {})
    assert caught.value.status == 403
