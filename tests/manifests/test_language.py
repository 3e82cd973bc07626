"""The action language: every statement of an expression counts, and what is wrong has its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.language import Path, statements


def test_all_statements_of_an_expression_are_read() -> None:
    calls, troubles = statements("a.system('x;y'); b.c.configure(d.hostname, d.password) ;a.colour = \"red\";")
    assert not troubles
    assert [(str(c.path), c.method, [str(a) for a in c.arguments]) for c in calls] == [
        ("a", "system", ["x;y"]),
        ("b.c", "configure", ["d.hostname", "d.password"]),
        ("a", "set", ["colour", "red"]),
    ]


def test_names_may_hold_colons_and_dashes() -> None:
    calls, _ = statements("coss.configure(accords:publisher.publisher.hostname);")
    assert calls[0].arguments == (Path(("accords:publisher", "publisher", "hostname"), 15),)


@pytest.mark.parametrize(
    ("expression", "code", "offset"),
    [
        ("a.system('x')", "action-end", 13),
        ("a.system('x') b.system('y');", "action-end", 14),
        ("a;", "action-syntax", 1),
        ("a();", "action-syntax", 0),
        ("a.b(c;", "action-syntax", 5),
        ("a.b('c);", "action-syntax", 4),
        ("a.b = c;", "action-syntax", 6),
        ("a..b();", "action-syntax", 2),
        (";", "action-syntax", 0),
        ("a.b('x',);", "action-syntax", 8),
    ],
)
def test_what_is_wrong_is_told_where_it_is(expression: str, code: str, offset: int) -> None:
    _, troubles = statements(expression)
    assert [(t.code, t.offset) for t in troubles] == [(code, offset)]


def test_reading_goes_on_after_a_mistake() -> None:
    calls, troubles = statements("a b; a.system('x'); c.(; a.kill('y');")
    assert [c.method for c in calls] == ["system", "kill"]
    assert len(troubles) == 2


@given(st.text(alphabet="ab.=(),;'\" \n", max_size=60))
def test_any_text_is_statements_or_troubles(expression: str) -> None:
    calls, troubles = statements(expression)
    assert bool(calls or troubles) == bool(expression.strip())
    assert all(0 <= t.offset <= len(expression) for t in troubles)
