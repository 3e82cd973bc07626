"""An agreement as written, made into what is judged."""

from __future__ import annotations

import pytest

from broker.errors import Invalid
from broker.hooks.promises import promised, targets
from manifests import Agreement, Guarantee, Variable
from manifests.model import Metric, Term, Terms
from sla import Comparison


def agreement(*guarantees: Guarantee) -> Agreement:
    return Agreement("sla", terms=(Terms("g", "guarantees", (Term("t", guarantees=guarantees),)),))


def guarantee(metric: str = "tcp:connect", value: str = "1", scope: str = "any") -> Guarantee:
    return Guarantee("up", Variable("v", metric, "eq", value, "80", Metric(metric, period=5)), scope)


@pytest.mark.parametrize(
    ("scope", "nodes"),
    [
        ("any", ["a", "b"]),
        ("a", ["a"]),
        ("a;b", ["a", "b"]),
        ("=b", ["b"]),
        ("!a", ["b"]),
        ("any !b", ["a"]),
        ("c", []),
    ],
)
def test_a_scope_names_nodes(scope: str, nodes: list[str]) -> None:
    assert list(targets(scope, ["b", "a"])) == nodes


def test_a_guarantee_is_judged_for_each_node_within_two_periods() -> None:
    found = promised(agreement(guarantee()), ["a", "b"])
    assert [each.target for each in found] == ["a", "b"]
    assert (found[0].period, found[0].window, found[0].location) == (5, 10, "80")
    assert (found[0].objective.comparison, found[0].objective.value) == (Comparison.EQ, 1.0)


def test_units_of_a_value_count() -> None:
    (found,) = promised(agreement(guarantee(value="2G")), ["a"])
    assert found.objective.value == 2e9


@pytest.mark.parametrize("wrong", [guarantee(metric="luck"), guarantee(value="much")])
def test_what_nobody_can_measure_or_compare_is_refused(wrong: Guarantee) -> None:
    with pytest.raises(Invalid, match="guarantee up"):
        promised(agreement(wrong), ["a"])
