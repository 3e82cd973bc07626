"""Pages that were rendered lately: bounded, and never older than what the database says."""

from __future__ import annotations

from broker.occi.media import Media
from broker.occi.render import Rendered
from broker.web import pages
from broker.web.pages import Pages, Shown


def page(size: int) -> Shown:
    return Shown(Rendered(Media.PLAIN, b"x" * size), None)


def test_a_page_is_found_by_its_tag_and_by_no_other() -> None:
    known = Pages()
    known.keep("one", page(10))
    assert known.find("one") == page(10)
    assert known.find("other") is None


def test_what_was_shown_longest_ago_goes_when_there_is_too_much() -> None:
    known, size = Pages(), pages.MOST // 40
    for number in range(40):
        known.keep(str(number), page(size))
    known.find("0")
    known.keep("new", page(size))
    assert [number for number in ("0", "1", "2", "new") if known.find(number) is None] == ["1"]


def test_a_page_that_would_push_out_many_is_not_kept() -> None:
    known = Pages()
    known.keep("large", page(pages.MOST // 40 + 1))
    assert known.find("large") is None
