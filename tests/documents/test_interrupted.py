"""A POST that is cut off: nothing of it is a document, and the same POST completes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from broker.client import Client
from broker.errors import RowDown
from broker.hooks import manifest
from broker.services import row_of
from broker.store import postings
from tests.documents.conftest import CORDS, Poster
from tests.documents.test_posting import GOOD

Deliver = Callable[..., object]
DELIVERIES = 4
"""Of this document: image, infrastructure or account, node, then its own row."""


@pytest.mark.parametrize("after", range(DELIVERIES))
@pytest.mark.parametrize("root", ["manifest", "import", "agreement"])
def test_the_same_post_completes_what_was_cut_off(
    ann: Poster, root: str, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Client, "post", Cut(after)(Client.post))
        answer = ann.post(GOOD[root])
    if answer.status_code == 201:  # it has fewer deliveries than that
        return
    assert answer.status_code == 503
    row = row_of(CORDS + root).name
    place = "/cords/agreement/" if root == "agreement" else f"/{root}/"
    assert ann(row, "GET", place, accept="text/uri-list").text == ""
    made = ann.stored(GOOD[root])
    assert ann(row, "GET", made["location"]).status_code == 200


def test_the_document_itself_is_delivered_last(ann: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int]] = []
    deliver = Client.post

    def note(self: Client, row: str, path: str, body: object, **params: str) -> object:
        assert isinstance(body, dict)
        seen.append((row, len(body["put"])))
        return deliver(self, row, path, body, **params)

    monkeypatch.setattr(Client, "post", note)
    monkeypatch.setattr("broker.hooks.delivering.AT_ONCE", 2)
    made = ann.stored(GOOD["import"])
    assert seen[-1][0] == "manifest"
    assert sum(count for _, count in seen) == len(made["elements"])
    assert all(count <= 2 for _, count in seen)


def test_what_it_defines_is_kept_before_it_can_be_seen(ann: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nobody plans from it without what it refers to."""
    order: list[str] = []
    keep, deliver = manifest.keep, Client.post
    monkeypatch.setattr(manifest, "keep", lambda *given: (order.append("kept"), keep(*given))[1])
    monkeypatch.setattr(
        Client, "post", lambda self, row, *rest, **more: (order.append(row), deliver(self, row, *rest, **more))[1]
    )
    ann.stored(GOOD["manifest"])
    assert order[-2:] == ["kept", "manifest"]


class Cut:
    """A client whose rows go away after some deliveries."""

    def __init__(self, after: int) -> None:
        self._left = after

    def __call__(self, deliver: Deliver) -> Deliver:
        def post(client: Client, row: str, path: str, body: object, **params: str) -> object:
            self._left -= 1
            if self._left < 0:
                raise RowDown(f"the row {row} does not answer", row=row, retry_after=1)
            return deliver(client, row, path, body, **params)

        return post


def elsewhere(ann: Poster) -> list[str]:
    """What is at the rows of the elements of GOOD["manifest"]."""
    rows = (("image", "/image/"), ("image", "/system/"), ("node", "/node/"))
    return [ann(row, "GET", path, accept="text/uri-list").text for row, path in rows]


def cut_off(ann: Poster, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Client, "post", Cut(2)(Client.post))
        assert ann.post(text).status_code == 503


def test_what_is_left_of_a_document_that_never_came_is_swept(ann: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(ann, GOOD["manifest"], monkeypatch)
    assert any(elsewhere(ann))
    ann.stored(GOOD["federation"])
    assert any(elsewhere(ann))  # it is young: somebody may still repeat it
    monkeypatch.setattr("broker.hooks.sweeping.AGE", 0)
    ann.stored(GOOD["federation"])
    assert not any(elsewhere(ann))


def test_what_was_swept_can_be_posted_again(ann: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broker.hooks.sweeping.AGE", 0)
    cut_off(ann, GOOD["manifest"], monkeypatch)
    ann.stored(GOOD["federation"])
    assert not any(elsewhere(ann))
    made = ann.stored(GOOD["manifest"])
    assert all(elsewhere(ann))
    assert ann.stored(GOOD["manifest"]) == made


def test_a_document_whose_last_note_was_cut_off_is_not_swept(ann: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(postings, "done", lambda *_: None)
        made = ann.stored(GOOD["manifest"])
    monkeypatch.setattr("broker.hooks.sweeping.AGE", 0)
    ann.stored(GOOD["federation"])
    assert all(elsewhere(ann))
    assert ann("manifest", "GET", made["location"]).status_code == 200
