"""From a document to a service and back through either face, with a worker beside the rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from broker import auth
from broker.client import TimeUp, documents, events, services
from broker.errors import Clash, InvalidDocument, Missing
from tests.client.conftest import Face, Faces
from tests.operations.house import House
from tests.operations.stage import PAIR


@pytest.fixture
def own(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.close()


@pytest.fixture
def user(own: House, faces: Faces) -> Face:
    token = auth.issue(own.installation.key, auth.Principal("ann", "ward", auth.Role.USER))
    return faces(own.settings, token, httpx.WSGITransport(app=own.rows.by_port))


def started(user: Face) -> str:
    posted = user.do(documents.post(PAIR.encode(), documents.XML))
    planned = user.do(documents.plan(posted))
    assert "create machine/db.0 on paris" in planned.listing
    return user.do(services.start(planned.id, "pair")).id


def test_a_document_becomes_a_service_that_is_waited_for_and_released(own: House, user: Face) -> None:
    service = started(user)
    own.work()
    report = user.do(services.over(service, seconds=5))
    assert (report.name, report.state, report.over, report.id) == ("pair", "active", True, service)
    before = user.do(events.newest(service))
    user.do(services.ask(service, "release"))
    own.work()
    turns = user.some(services.progress(service, before, seconds=5))
    assert turns[-1].report.state == "released"
    told = [each for turn in turns for each in turn.events]
    assert [each.seq for each in told] == sorted({each.seq for each in told})
    assert told[0].seq > before
    with pytest.raises(Clash):
        user.do(services.find("pair"))
    assert user.do(services.find("pair", ended=True)) == service


def test_the_same_document_is_the_same_service(user: Face) -> None:
    first = started(user)
    planned = user.do(documents.plan(user.do(documents.post(PAIR.encode(), documents.XML))))
    assert user.do(services.start(planned.id, "pair")) == services.Started(first, new=False)
    assert user.do(services.find(first)) == user.do(services.find("pair")) == first
    with pytest.raises(Missing, match="nobody"):
        user.do(services.find("nobody"))


def test_who_waits_in_vain_is_told_when_the_time_is_up(user: Face) -> None:
    service = started(user)  # and no worker takes it
    with pytest.raises(TimeUp) as caught:
        user.do(services.over(service, user.do(events.newest(service)), seconds=0.2))
    assert caught.value.code == "wait.over"


def test_every_mistake_of_a_document_comes_with_the_error(user: Face) -> None:
    with pytest.raises(InvalidDocument) as caught:
        user.do(documents.post(b"<manifest><node/></manifest>", documents.XML))
    diagnostics = caught.value.fields["diagnostics"]
    assert isinstance(diagnostics, list)
    assert diagnostics[0]["line"] == 1


def test_events_are_listened_to_past_a_number_and_none_twice(own: House, user: Face) -> None:
    service = started(user)
    own.work()
    found = user.some(events.listen(service=service, follow=False))
    assert len({each.seq for each in found}) == len(found) > 3
    assert {each.service for each in found} == {service}
    rest = user.some(events.listen(found[1].seq, service), len(found) - 2)
    assert [each.seq for each in rest] == [each.seq for each in found[2:]]
