"""What is wrong with a document is shown where it is wrong, to people, to programs and to code review."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from broker.cli import diagnose, main
from broker.cli.exits import Exit
from manifests import CODES, Diagnostic, Severity, read

BAD = '<manifest name="m">\n  <node nmae="b"/>\n</manifest>'


def said(text: str) -> tuple[Diagnostic, ...]:
    return read(text.encode()).diagnostics


def test_the_offending_word_is_underlined_in_its_line() -> None:
    shown = diagnose.lines("bad.xml", BAD, said(BAD))
    at = next(index for index, line in enumerate(shown) if "unknown-attribute" in line)
    assert shown[at].startswith("bad.xml:2:9: error: ")
    assert shown[at + 1] == '    2 |   <node nmae="b"/>'
    assert shown[at + 2] == "      |         ^^^^"
    assert shown[at + 3] == "      = did you mean 'name'?"


def test_the_same_in_yaml_stands_in_the_lines_of_the_yaml() -> None:
    text = "manifest:\n  name: m\n  node:\n    - nmae: b\n"
    shown = diagnose.lines("bad.yaml", text, said(text))
    assert "bad.yaml:4:7: error:" in "\n".join(shown)
    assert "      |       ^^^^" in shown


def test_a_long_line_is_cut_around_the_place() -> None:
    text = f'<manifest name="m" description="{"x" * 500}" nmae="n" zone="{"y" * 500}"/>'
    shown = diagnose.lines("long.xml", text, said(text))
    assert max(map(len, shown)) < 160
    row, mark = next((a, b) for a, b in pairwise(shown) if b.strip(" |").startswith("^"))
    assert row[mark.index("^") :].startswith("nmae")


def test_a_control_character_of_a_document_does_not_reach_the_terminal() -> None:
    one = Diagnostic(Severity.ERROR, "bad-value", 1, 3, "no")
    assert "\x1b" not in "".join(diagnose.lines("x", "a \x1b[31m\x9b b", [one]))


@pytest.mark.parametrize("place", [(0, 0), (1, 0), (1, 99), (99, 1), (2, 1)])
def test_a_place_at_the_edge_of_a_text_is_shown(place: tuple[int, int]) -> None:
    one = Diagnostic(Severity.WARNING, "namespace", *place, "so it is", "do that")
    assert diagnose.lines("x", "ab\n", [one])[-1].endswith("do that")
    assert diagnose.sarif({"x": ("ab\n", [one])}, "1")["runs"][0]["results"][0]["level"] == "warning"


def test_colour_sets_off_what_is_said_and_changes_no_word() -> None:
    coloured = diagnose.lines("bad.xml", BAD, said(BAD), colour=True)
    assert "\x1b[31merror:\x1b[0m" in coloured[0]
    bare = [line.replace("\x1b[0m", "") for line in coloured]
    for code in ("1", "2", "31", "33"):
        bare = [line.replace(f"\x1b[{code}m", "") for line in bare]
    assert bare == diagnose.lines("bad.xml", BAD, said(BAD))


def test_colour_is_for_terminals_or_for_whom_asks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = tmp_path / "bad.xml"
    document.write_text(BAD)
    main(["validate", str(document)])
    assert "\x1b" not in capsys.readouterr().out
    main(["validate", "--colour", "always", str(document)])
    assert "\x1b" in capsys.readouterr().out


def test_json_holds_the_offending_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = tmp_path / "bad.xml"
    document.write_text(BAD)
    main(["validate", "--json", str(document)])
    found = json.loads(capsys.readouterr().out)[str(document)]
    assert [one["text"] for one in found if one["code"] == "unknown-attribute"] == ["nmae"]


def test_sarif_names_the_rule_the_place_and_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document, good = tmp_path / "bad.xml", tmp_path / "good.xml"
    document.write_text(BAD)
    good.write_text('<manifest name="m"/>')
    assert main(["validate", "--sarif", str(good), str(document)]) == Exit.DOCUMENT
    found = json.loads(capsys.readouterr().out)
    assert found["version"] == "2.1.0"
    run = found["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    result = next(one for one in run["results"] if one["ruleId"] == "unknown-attribute")
    assert rules[result["ruleIndex"]]["id"] == "unknown-attribute"
    assert result["level"] == "error"
    assert "did you mean 'name'?" in result["message"]["text"]
    where = result["locations"][0]["physicalLocation"]
    assert where["artifactLocation"]["uri"] == str(document)
    assert where["region"] == {"startLine": 2, "startColumn": 9, "endColumn": 13}


def test_every_code_can_be_a_rule_of_sarif() -> None:
    said = [Diagnostic(known.severity, code, 1, 1, "x") for code, known in CODES.items()]
    rules = diagnose.sarif({"x": ("text", said)}, "1")["runs"][0]["tool"]["driver"]["rules"]
    assert {rule["id"] for rule in rules} == set(CODES)
    assert all(rule["shortDescription"]["text"] for rule in rules)


def test_what_would_be_repaired_is_refused_by_those_who_say_strict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "bare.xml"
    document.write_text('<manifest name="m"><node name=a /></manifest>')
    assert main(["validate", str(document)]) == Exit.OK
    assert "good, 1 warning" in capsys.readouterr().out
    assert main(["validate", "--strict", str(document)]) == Exit.DOCUMENT
    assert "'name=a'" in capsys.readouterr().out


def test_a_metric_that_nobody_here_measures_is_said_without_a_broker(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "watched.xml"
    document.write_text(
        '<manifest name="m"><node name="a"/><configuration><action expression="a.monitor(slam.cpuu);"/>'
        "</configuration></manifest>"
    )
    assert main(["validate", str(document)]) == Exit.OK, "the account may have defined it"
    assert "did you mean 'cpu'?" in capsys.readouterr().out


def test_documents_that_are_validated_together_know_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner, outer = tmp_path / "inner.xml", tmp_path / "outer.yaml"
    inner.write_text('<manifest name="inner"><node name="db"/></manifest>')
    outer.write_text(
        "manifest:\n  name: outer\n  node:\n    - {name: a}\n    - {name: b, type: inner}\n"
        "  configuration: {name: c, action: [{name: x, expression: 'a.configure(b.bd.hostname);'}]}\n"
    )
    assert main(["validate", str(outer)]) == Exit.OK, "a server may have the other"
    assert "nested-unread" in capsys.readouterr().out
    assert main(["validate", str(outer), str(inner)]) == Exit.DOCUMENT
    assert "there is no node 'bd' in b" in capsys.readouterr().out


def test_the_caret_is_under_the_argument_that_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = tmp_path / "wrong.xml"
    document.write_text(
        '<manifest name="m"><node name="front"/><node name="back"/><configuration>\n'
        '<action expression="front.configure(back.hostname, bakc.hostname);"/></configuration></manifest>'
    )
    assert main(["validate", str(document)]) == Exit.DOCUMENT
    row, mark = next(pair for pair in pairwise(capsys.readouterr().out.split("\n")) if "^" in pair[1])
    assert row[mark.index("^") : mark.rindex("^") + 1] == "bakc.hostname"


@pytest.mark.parametrize(
    "text", ['password="topsecret"', "password='topsecret'", "password=topsecret", 'password: "topsecret"']
)
def test_a_password_is_not_shown_with_the_line_it_stands_in(text: str) -> None:
    document = f"<import name='i'><user nmae='u' {text}/></import>\n"
    one = Diagnostic(Severity.ERROR, "unknown-attribute", 1, 25, "no")
    shown = "\n".join(diagnose.lines("x", document, [one]))
    assert "topsecret" not in shown and "nmae" in shown
    at_it = Diagnostic(Severity.ERROR, "bad-value", 1, document.index("topsecret") + 1, "no")
    assert "topsecret" not in json.dumps(
        [diagnose.as_json({"x": (document, [at_it])}), diagnose.lines("x", document, [at_it])]
    )


def test_a_file_that_is_not_there_does_not_keep_the_others_from_being_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = tmp_path / "good.xml"
    good.write_text('<manifest name="m"/>')
    assert main(["validate", "/nowhere/at-all.xml", str(good)]) == Exit.USAGE
    said = capsys.readouterr()
    assert "/nowhere/at-all.xml" in said.err
    assert f"{good}: good" in said.out
