"""The table of metrics: every interface has its own, and what nobody measures is not there."""

from __future__ import annotations

import pytest

from sla import KNOWN, METRICS, Origin, metric


@pytest.mark.parametrize("name", ["net:ens3:rx", "net:wlan0.7:status", "net:eth0:err"])
def test_the_counters_of_any_interface_are_metrics(name: str) -> None:
    found = metric(name)
    assert found is not None
    assert (found.name, found.origin) == (name, Origin.NODE)
    assert name.split(":")[1] in found.meaning
    assert name in KNOWN


@pytest.mark.parametrize("name", ["net:eth0", "net:eth0:mtu", "net:a b:rx", "cpu:usage", "", "CPU"])
def test_what_nobody_measures_is_no_metric(name: str) -> None:
    assert metric(name) is None
    assert name not in KNOWN


def test_every_metric_says_what_it_is_and_how_often_it_is_measured() -> None:
    assert all(one.meaning and one.units and one.period >= 1 for one in METRICS.values())
    assert METRICS["every:week"].period == 7 * 24 * 3600
    assert len(KNOWN) == len(list(KNOWN)) == len(METRICS)
