"""What the documentation shows is true: its manifests read, its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.cli.commands import COMMANDS, parser
from manifests import read

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
COMMAND = re.compile(r"^ {4}(?:\.venv/bin/)?accords ([a-z]+)(.*)$", re.MULTILINE)


def blocks(language: str) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for found in re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            yield page.name, found


@pytest.mark.parametrize(("page", "text"), [*blocks("xml"), *blocks("yaml")])
def test_every_manifest_that_is_shown_reads_without_a_word_of_complaint(page: str, text: str) -> None:
    assert read(text.encode()).diagnostics == (), page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent.name != "reference"], ids=lambda page: page.name
)
def test_every_command_that_is_shown_is_one_that_exists(page: Path) -> None:
    for name, rest in COMMAND.findall(page.read_text(encoding="utf-8")):
        words = re.sub(r"\s+#.*", "", rest).split()
        assert parser().parse_args([name, *words]).command == name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_is_shown_is_one_that_exists(page: Path) -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    shown = set(re.findall(r"(?m)(?:`|^    )make ([a-z-]+)", page.read_text(encoding="utf-8")))
    assert shown <= targets


def test_the_first_steps_or_the_readme_show_every_command_but_the_plainest() -> None:
    shown = "".join(page.read_text(encoding="utf-8") for page in PAGES if page.parent.name != "reference")
    missing = [command.name for command in COMMANDS if f"accords {command.name}" not in shown]
    assert set(missing) <= {"version", "restart"}


def test_no_page_names_a_path_of_the_machine_it_was_written_on() -> None:
    for page in PAGES:
        assert str(ROOT) not in page.read_text(encoding="utf-8"), page
