"""The file of `--env`, and what is said about it without saying what it holds."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from broker.cli import main
from broker.cli.exits import Exit
from broker.cli.parameters import assignment, file
from broker.errors import Misconfigured


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "site.env"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("a=b", "b"),
        ("a = b c ", "b c"),
        ("export a=b", "b"),
        ("a=", ""),
        ("a=b=c", "b=c"),
        ("a=b # said", "b"),
        ("a=b#c", "b#c"),
        ("a='b # c' # said", "b # c"),
        ("a='b\\n'", "b\\n"),
        ('a="b\\n\\"c\\""', 'b\n"c"'),
        ('a=""', ""),
        ("  a=b", "b"),
    ],
)
def test_a_line_is_a_name_and_a_value_as_such_files_have_them(written: Path, line: str, value: str) -> None:
    written.write_text(f"# first\n\n{line}\n")
    assert file(str(written)).values == {"a": value}


@pytest.mark.parametrize("line", ["geheim", "a b=geheim", "a='geheim", 'a="geheim', "a='geheim' more", "=geheim"])
def test_what_is_no_such_line_is_named_by_its_number_and_not_quoted(written: Path, line: str) -> None:
    written.write_text(f"x=1\n{line}\n")
    with pytest.raises(Misconfigured, match=r"site\.env:2:") as refused:
        file(str(written))
    assert "geheim" not in str(refused.value.problem())


def test_the_last_line_of_a_name_counts(written: Path) -> None:
    written.write_text("a=1\na=2\n")
    assert file(str(written)).values == {"a": "2"}


def test_a_file_says_whether_others_may_read_it(written: Path) -> None:
    written.write_text("a=1\n")
    for mode, is_open in ((0o600, False), (0o640, True), (0o604, True)):
        written.chmod(mode)
        assert file(str(written)).open is is_open


def test_values_of_a_file_are_in_no_representation_of_it(written: Path) -> None:
    written.write_text("a=geheim\n")
    assert "geheim" not in repr(file(str(written)))


def test_set_takes_a_name_and_any_text() -> None:
    assert assignment("a=b=c") == ("a", "b=c")
    assert assignment("a=") == ("a", "")


@pytest.mark.parametrize("text", ["geheim", "=geheim"])
def test_set_without_a_name_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        assignment(text)
    assert "geheim" not in str(refused.value)


def test_a_set_that_is_none_ends_the_command_with_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["plan", "x.xml", "--set", "novalue"])
    assert ended.value.code == Exit.USAGE
    assert "write name=value" in capsys.readouterr().err
