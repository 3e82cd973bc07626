"""A POST that is cut off: nothing of it is a document, and the same POST completes it."""

from __future__ import annotations

import pytest

from broker.client import Client
from broker.errors import RowDown
from broker.hooks import manifest
from broker.services import row_of
from tests.documents.conftest import CORDS, Poster
from tests.documents.test_posting import GOOD

DELIVERIES = 4
"""Of this document: image, infrastructure or account, node, then its own row."""


@pytest.mark.parametrize("after", range(DELIVERIES))
@pytest.mark.parametrize("root", ["manifest", "import", "agreement"])
def test_the_same_post_completes_what_was_cut_off(
    ann: Poster, root: str, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    deliver = Client.post

    def cut(self: Client, row: str, path: str, body: object, **params: str) -> object:
        if len(sent) == after:
            raise RowDown(f"the row {row} does not answer", row=row, retry_after=1)
        sent.append(row)
        return deliver(self, row, path, body, **params)

    with monkeypatch.context() as patched:
        patched.setattr(Client, "post", cut)
        answer = ann.post(GOOD[root])
    if answer.status_code == 201:
        assert len(sent) <= after
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
