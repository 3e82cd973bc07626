"""`accords post`: any document, and what became of it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from broker.cli import main, posting
from broker.cli.exits import Exit
from tests.documents.test_posting import GOOD
from tests.operations.house import House


@pytest.fixture
def files(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(posting, "client", lambda: house.client("ann", "ward"))
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "import.xml").write_text(GOOD["import"])
    (folder / "m.xml").write_text(GOOD["manifest"])
    (folder / "bad.xml").write_text('<manifest name="m"><nod/></manifest>')
    (folder / "p.yaml").write_text("provider:\n  name: p\n  zone: europe\n")
    return folder


def test_it_says_what_was_stored_and_warns(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["post", str(files / "import.xml")]) == Exit.OK
    said = capsys.readouterr()
    assert "import all at /import/" in said.out
    assert "  1 metric\n" in said.out
    assert "[not-acted-on]" in said.err


def test_one_that_is_refused_does_not_keep_back_the_others(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["post", str(files / "bad.xml"), str(files / "p.yaml")]) == Exit.DOCUMENT
    said = capsys.readouterr()
    assert "provider p at /provider/" in said.out
    assert "bad.xml: 1:20: error: <manifest> has no element <nod>" in said.err


def test_decorated_it_is_the_document_with_its_ids(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["post", "--decorated", str(files / "m.xml")]) == Exit.OK
    assert 'id="urn:uuid:' in capsys.readouterr().out


def test_for_a_machine_it_is_the_broker_s_answer_by_file(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [str(files / name) for name in ("m.xml", "bad.xml")]
    assert main(["post", "--json", *names]) == Exit.DOCUMENT
    found = orjson.loads(capsys.readouterr().out)
    assert found[names[0]]["name"] == "m"
    assert found[names[1]]["error"]["code"] == "document.invalid"
