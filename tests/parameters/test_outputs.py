"""Outputs: properties that are said, and secrets that are not."""

from __future__ import annotations

import pytest

from manifests import Manifest, Ref, read
from tests.parameters.test_outside import HOSPITAL, codes, document, local, planned, reading  # noqa: F401 - fixtures

NODES = '<input name="size" default="4G"/><input name="p" secret="yes"/><node name="pacs" zone="${input.size}"/>'
TOLD = '<configuration><action expression="pacs.configure(input.p);"/></configuration>'


def output(value: str) -> str:
    return f'{HOSPITAL.format("")}{NODES}{TOLD}<output name="o" value="{value}"/>'


@pytest.mark.parametrize("value", ["pacs.address", "pacs.hostname", "pacs.reference", "hospital.port", "input.size"])
def test_a_property_of_a_node_or_an_input_is_an_output(value: str) -> None:
    assert codes(reading(output(value))) == []


@pytest.mark.parametrize(
    ("value", "code", "hint"),
    [
        ("pacs.adress", "output-property", "did you mean 'address'?"),
        ("pac.address", "output-property", "did you mean 'pacs'?"),
        ("hospital.certificate", "output-property", "known: address"),
        ("input.sise", "input-unknown", "did you mean 'size'?"),
        ("pacs.password", "output-secret", "secrets reach nodes"),
        ("input.p", "output-secret", "secrets reach nodes"),
        ("pacs", "bad-value", ""),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_nearest_word(value: str, code: str, hint: str) -> None:
    found = reading(output(value))
    assert codes(found) == [code]
    assert hint in found.diagnostics[0].hint


def test_two_outputs_have_two_names() -> None:
    assert codes(reading(output("pacs.address") + '<output name="o" value="pacs.hostname"/>')) == ["duplicate"]


def test_a_path_leads_into_nested_manifests_and_a_plan_knows_the_step_that_will_know() -> None:
    from manifests import Defined, Offer, OfferedImage, Size, place, plan

    inner = '{"manifest": {"name": "inner", "node": {"name": "deep", "image": {"system": {"name": "debian"}}}}}'
    text = '<manifest name="m"><node name="out" type="inner"/><output name="o" value="out.deep.address"/></manifest>'
    found = read(text.encode(), library=lambda term, name: (Defined(inner, "here"),) if term == "manifest" else ())
    assert isinstance(found.document, Manifest), found.diagnostics
    sizes, images = (Size(None, 8, 2**34, 10**11),), (OfferedImage("d", "debian", "debian", "12"),)
    offer = Offer("local", "local", "here", sizes, images, 0, flexible=True)
    placed = place(found.document, [offer], now=0, max_age=1, providers=["local"])
    made = plan(found.document, placed.placements).plan
    assert made is not None
    assert made.outputs == {"o": Ref("out/deep.0.machine", "address")}
