"""An agreement becomes guarantees that can be judged, or says everything that keeps it from being judged."""

from __future__ import annotations

import pytest

from broker.errors import InvalidDocument
from broker.promises import promised
from manifests import Agreement, read
from sla import Comparison, Objective

NODES = ("pacs-db", "pacs")


def agreement(variable: str, scope: str = "pacs") -> Agreement:
    text = f"""<agreement name="a"><terms name="g" type="guarantees"><term name="t">
      <guarantee name="one" scope="{scope}">
        <variable name="v" {variable}/><business name="b" nature="penalty"/>
      </guarantee>
    </term></terms></agreement>"""
    document = read(text.encode()).document
    assert isinstance(document, Agreement)
    return document


ECHO = 'property="dicom:echo" condition="eq" value="1" location="PACS@4242"'


def test_a_guarantee_is_judged_by_its_metrics_period_and_unknown_after_two_without_a_sample() -> None:
    (one,) = promised(agreement(ECHO), NODES)
    assert (one.name, one.metric, one.target, one.location) == ("one", "dicom:echo", "pacs", "PACS@4242")
    assert one.objective == Objective(Comparison.EQ, 1.0)
    assert one.window == 2 * one.period
    assert one.business[0].nature == "penalty"


def test_a_value_with_a_unit_is_a_number() -> None:
    (one,) = promised(agreement('property="du:bytes" condition="less" value="8G" location="/srv"'), NODES)
    assert one.objective == Objective(Comparison.LS, 8e9)


@pytest.mark.parametrize(
    ("scope", "targets"),
    [
        ("any", ["pacs-db", "pacs"]),
        ("all", ["pacs-db", "pacs"]),
        ("default", ["pacs-db", "pacs"]),
        ("pacs", ["pacs"]),
        ("=pacs", ["pacs"]),
        ("pacs, pacs-db", ["pacs-db", "pacs"]),
        ("!pacs", ["pacs-db"]),
        ("any !pacs-db", ["pacs"]),
        ("pacs;!pacs-db", ["pacs"]),
    ],
)
def test_the_scope_says_which_nodes_are_meant(scope: str, targets: list[str]) -> None:
    assert [one.target for one in promised(agreement(ECHO, scope), NODES)] == targets


@pytest.mark.parametrize(
    ("scope", "targets"),
    [
        ("radiology.pacs", ["radiology/pacs"]),
        ("radiology", ["radiology/db", "radiology/pacs"]),
        ("any !radiology.db", ["portal", "radiology/pacs"]),
        ("!radiology", ["portal"]),
    ],
)
def test_the_scope_names_nodes_in_complex_ones_as_the_action_language_does(scope: str, targets: list[str]) -> None:
    nodes = ("portal", "radiology/db", "radiology/pacs")
    assert [one.target for one in promised(agreement(ECHO, scope), nodes)] == targets


@pytest.mark.parametrize("word", ["eq", "equal", "EQUAL", "notgreater", "le", "notless", "ls", "less", "ne"])
def test_every_historic_word_for_a_condition_is_understood(word: str) -> None:
    assert promised(agreement(f'property="cpu" condition="{word}" value="90"'), NODES)


@pytest.mark.parametrize(
    ("variable", "scope", "code", "hint"),
    [
        ('property="dicom:ecko" condition="eq" value="1"', "any", "agreement-metric", "dicom:echo"),
        ('property="cpu" condition="eq" value="much"', "any", "agreement-value", "number"),
        (ECHO, "viewer", "agreement-scope", "pacs-db, pacs"),
    ],
)
def test_what_could_never_be_judged_is_refused_with_the_nearest_right_word(
    variable: str, scope: str, code: str, hint: str
) -> None:
    with pytest.raises(InvalidDocument) as refused:
        promised(agreement(variable, scope), NODES)
    (diagnostic,) = refused.value.fields["diagnostics"]  # type: ignore[misc]
    assert diagnostic["code"] == code
    assert hint in diagnostic["hint"]
    assert diagnostic["line"] == 3


def test_what_is_promised_of_any_interface_is_judged() -> None:
    (one,) = promised(agreement('property="net:ens3:err" condition="le" value="0"'), NODES)
    assert one.metric == "net:ens3:err"


def test_a_site_may_promise_by_a_metric_that_the_agreement_writes_out() -> None:
    text = """<agreement name="a"><terms name="g" type="guarantees"><term name="t"><guarantee name="one" scope="pacs">
      <variable name="v" property="studies" condition="le" value="5K">
        <metric name="studies" period="10" samples="3" expression="ls | wc -l"/>
      </variable><business name="b" nature="penalty"/>
    </guarantee></term></terms></agreement>"""
    document = read(text.encode()).document
    assert isinstance(document, Agreement)
    (one,) = promised(document, NODES)
    assert (one.expression, one.period, one.samples, one.window) == ("ls | wc -l", 10, 3, 60)
    assert one.objective == Objective(Comparison.LE, 5000.0)


HOSPITAL = {"hospital": "10.1.2.3"}


def test_a_node_that_is_outside_is_judged_where_it_is_named() -> None:
    (one,) = promised(agreement(ECHO, "hospital"), NODES, outside=HOSPITAL)
    assert (one.target, one.address) == ("hospital", "10.1.2.3")
    assert [one.target for one in promised(agreement(ECHO, "any"), NODES, outside=HOSPITAL)] == ["pacs-db", "pacs"]


def test_a_node_that_is_outside_measures_nothing_itself() -> None:
    with pytest.raises(InvalidDocument) as refused:
        promised(agreement('property="cpu" condition="le" value="90%"', "hospital"), NODES, outside=HOSPITAL)
    (diagnostic,) = refused.value.fields["diagnostics"]  # type: ignore[misc]
    assert diagnostic["code"] == "agreement-scope"
    assert "outside" in diagnostic["summary"]


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidDocument) as refused:
        promised(agreement('property="x" condition="eq" value="z"', "nobody"), NODES)
    assert len(refused.value.fields["diagnostics"]) == 3  # type: ignore[arg-type]
