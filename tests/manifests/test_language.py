"""The action language: every statement of an expression counts, and what is wrong has its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.actions.language import LONGEST_TOKEN, Call, Path, is_cordscript, statements, written


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


@given(st.text(max_size=60))
def test_no_text_makes_the_reader_raise(expression: str) -> None:
    statements(expression)


def test_the_case_of_a_method_does_not_matter_and_that_of_names_does() -> None:
    calls, _ = statements("A.ConFigure(B.hostname);A.Colour = 'Red';")
    assert [(str(c.path), c.method) for c in calls] == [("A", "configure"), ("A", "set")]
    assert calls[1].arguments == ("Colour", "Red")


def test_a_name_has_at_most_1024_characters() -> None:
    assert not statements(f"{'a' * LONGEST_TOKEN}.kill('x');")[1]
    _, troubles = statements(f"b.kill('y'); a.{'c' * (LONGEST_TOKEN + 1)}('x'); d.kill('z');")
    assert [(t.code, t.offset) for t in troubles] == [("action-syntax", 15)]


def test_the_historic_prefix_of_an_expression_is_passed_over() -> None:
    calls, troubles = statements("cordscript:a.kill('x');")
    assert [(str(c.path), c.offset) for c in calls] == [("a", 11)]
    assert not troubles


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("plan", "cordscript:plan.new(id.value,name.value);"), ("cordscript", "type.resolve(plan.name,type.value);")],
)
def test_the_scripts_of_the_originals_parser_are_known(attribute: str, value: str) -> None:
    assert is_cordscript(attribute, value)
    assert not is_cordscript("expression", "cordscript:alert.new();")


NAMES = st.from_regex(r"[^\s.=(),;'\"]{1,8}", fullmatch=True)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: Path(tuple(names), 0))

LITERALS = st.text(max_size=20).filter(lambda text: not ("'" in text and '"' in text))
CALLS = st.builds(Call, PATHS, NAMES.map(str.lower), st.lists(LITERALS | PATHS, max_size=3).map(tuple), st.just(0))


def anywhere(calls: tuple[Call, ...]) -> list[Call]:
    """The statements without where they stand."""
    return [
        Call(
            Path(call.path.names, 0),
            call.method,
            tuple(Path(a.names, 0) if isinstance(a, Path) else a for a in call.arguments),
            0,
        )
        for call in calls
    ]


@given(st.lists(CALLS, max_size=4))
def test_what_is_written_reads_back_and_is_written_again_the_same(calls: list[Call]) -> None:
    text = written(calls)
    if text.startswith("cordscript:"):
        return  # the historic prefix, which no name can begin with
    found, troubles = statements(text)
    assert not troubles
    assert anywhere(found) == calls
    assert written(found) == text


def test_a_literal_with_both_quotes_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="both quotes"):
        written([Call(Path(("a",), 0), "system", ("'\"",), 0)])


def test_reading_takes_time_in_proportion_to_the_text() -> None:
    """Counted in statements read, as a machine's clock is not to be trusted: all of a long text, in one pass."""
    for piece in ("a.b('c');", "'", "\"'", "a.", "(", "a(b,"):
        statements(piece * 20_000)
    assert len(statements("a.b('c');" * 20_000)[0]) == 20_000
