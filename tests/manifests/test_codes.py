"""Every code is earned by some document, and no other code is ever given."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from manifests import CODES, Defined, Diagnostic, Manifest, Offer, errors, place, plan, read
from sla import KNOWN

# Those whose example does not fit on a page.
LARGE: Mapping[str, bytes] = {
    "body-too-large": b" " * (2 * 1024**2 + 1),
    "too-many-parts": b"[" * 1000,
    "too-many-diagnostics": b'<manifest name="m">' + b"<x/>" * 300 + b"</manifest>",
}

KEPT: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("node", "kept"): ('{"node": {"name": "kept", "access": "public"}}',),
    ("image", "i"): ('{"image": {"name": "i", "agent": "none"}}', '{"image": {"name": "i", "agent": "cosacs"}}'),
    ("manifest", "wrong"): ('{"manifest": {"name": "wrong", "nmae": "x"}}',),
    ("manifest", "pair"): ('{"manifest": {"name": "pair", "node": [{"name": "a"}, {"name": "b"}]}}',),
    ("manifest", "old"): ('{"manifest": {"name": "old", "node": {"name": "a", "infrastructure": {"name": "i"}}}}',),
    **{
        ("manifest", f"deep{n}"): (
            f'{{"manifest": {{"name": "deep{n}", "node": {{"name": "a", "type": "deep{n + 1}"}}}}}}',
        )
        for n in range(1, 20)
    },
}


def library(term: str, name: str) -> tuple[Defined, ...]:
    """What a server knows of other documents."""
    return tuple(Defined(text, f"{term} {name} of account me") for text in KEPT.get((term, name), ()))


def earned(code: str, local: Offer) -> tuple[Diagnostic, ...]:
    """All that is said about the code's example until its stage is over."""
    reading = read(LARGE.get(code) or CODES[code].example.encode())
    if CODES[code].stage == "fill":
        return read(CODES[code].example.encode(), inputs={}).diagnostics
    if CODES[code].stage == "offline":
        return read(CODES[code].example.encode(), metrics={}).diagnostics
    if CODES[code].stage == "library":
        return read(CODES[code].example.encode(), library=library, metrics=KNOWN).diagnostics
    if CODES[code].stage == "read":
        return reading.diagnostics
    assert isinstance(reading.document, Manifest), reading.diagnostics
    placed = place(reading.document, [local], now=0, max_age=1, providers=["local"])
    return (*placed.diagnostics, *plan(reading.document, placed.placements).diagnostics)


@pytest.mark.parametrize("code", [code for code in CODES if code in LARGE or CODES[code].example])
def test_the_example_of_a_code_earns_it(code: str, local: Offer) -> None:
    found = {d.code: d for d in earned(code, local)}
    assert code in found
    assert found[code].severity is CODES[code].severity
    assert found[code].summary


def test_a_node_without_a_placement_is_told() -> None:
    document = read(b'<manifest name="m"><node name="a"/></manifest>').document
    assert isinstance(document, Manifest)
    made = plan(document, ())
    assert made.plan is None
    assert [d.code for d in made.diagnostics] == ["not-placed"]


def test_no_code_is_without_a_test() -> None:
    assert {code for code in CODES if not CODES[code].example} - LARGE.keys() == {
        "not-placed",
        "too-many-nodes",
        "not-later",
        "open-node",
    }


def test_warnings_refuse_nothing() -> None:
    reading = read(CODES["no-manifest"].example.encode())
    assert reading.document is not None
    assert reading.diagnostics and not errors(reading.diagnostics)


def test_more_warnings_than_are_listed_refuse_nothing(local: Offer) -> None:
    wishes = "".join(
        f'<node name="n{i}"><infrastructure><compute speed="3"/></infrastructure></node>' for i in range(300)
    )
    document = read(f'<manifest name="m">{wishes}</manifest>'.encode()).document
    assert isinstance(document, Manifest)
    placed = place(document, [local], now=0, max_age=1, providers=["local"])
    assert len(placed.placements) == 300
    assert placed.diagnostics[-1].code == "too-many-diagnostics"
    assert not errors(placed.diagnostics)
