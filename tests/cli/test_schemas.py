"""Documents in another form, and schemas, without a broker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from broker.cli import main
from broker.cli.exits import Exit
from manifests import read
from manifests.schemas import PUBLISHED, path

EXAMPLE = Path(__file__).parents[2] / "examples" / "pacs.xml"


@pytest.mark.parametrize("form", ["xml", "yaml", "json"])
def test_convert_prints_the_same_document_in_another_form(
    form: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["convert", str(EXAMPLE), "--to", form]) == Exit.OK
    twin = capsysbinary.readouterr().out
    assert read(twin, format=form).document == read(EXAMPLE.read_bytes()).document


def test_convert_says_why_a_text_is_no_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = tmp_path / "bad.yaml"
    document.write_text("manifest: [")
    assert main(["convert", str(document), "--to", "xml"]) == Exit.DOCUMENT
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "not-yaml" in captured.err


def test_convert_says_what_xml_has_no_way_to_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = tmp_path / "bad.yaml"
    document.write_text('manifest: {"a b": c}')
    assert main(["convert", str(document), "--to", "xml"]) == Exit.DOCUMENT
    assert "no way to say it as xml" in capsys.readouterr().err


def test_schema_prints_the_file_or_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "json"]) == Exit.OK
    assert capsys.readouterr().out == path("cords.schema.json").read_text(encoding="utf-8")
    assert main(["schema", "manifest.xsd", "--path"]) == Exit.OK
    assert capsys.readouterr().out == f"{path('manifest.xsd')}\n"


def test_schema_lists_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == Exit.OK
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(PUBLISHED)
    assert main(["schema", "dtd"]) == Exit.USAGE
    assert "cords.xsd" in capsys.readouterr().err


@pytest.mark.parametrize("asked", [[], ["cloud"]], ids=["all rows", "one"])
def test_openapi_prints_what_the_broker_serves(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi", *asked]) == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert found["openapi"] == "3.1.0"
    assert ("/service/{id}/report" in found["paths"]) is not bool(asked)
    assert "/compute/{id}" in found["paths"]
