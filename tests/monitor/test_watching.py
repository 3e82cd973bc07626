"""What a configuration monitors is measured like what is promised; a site's own metrics are as good as the built-in."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from broker import monitor
from broker.errors import AccordsError
from broker.metrics import defined, looking
from broker.store import guarantees, instructions, samples
from manifests import Defined
from sla import Origin, Sample
from tests.operations.house import House, User
from tests.operations.stage import PAIR

IMPORT = """<import xmlns="http://www.compatibleone.fr/schemes/cords.xsd" name="metrics">
  <metric name="studies" units="studies" period="10" samples="3" expression="ls /srv/images | wc -l"/>
  <metric name="cpu" period="5" expression="top -b"/>
</import>"""
AGREEMENT = """<agreement xmlns="http://www.compatibleone.fr/schemes/slam.xsd" name="sla">
  <terms name="g" type="guarantees"><term name="t">
    <guarantee name="not too many" scope="db">
      <variable name="v" property="studies" condition="less" value="5K"/><business name="b" nature="penalty"/>
    </guarantee>
  </term></terms>
</agreement>"""


def watched(*statements: str) -> str:
    """The pair of nodes, with these statements in its configuration."""
    action = f'<action name="m" type="cordscript" expression="{" ".join(statements)}"/></configuration>'
    return PAIR.replace("</configuration>", action)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.close()


@pytest.fixture
def ann(house: House) -> User:
    return User(house.client("ann", "ward"))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as found:
        yield found


def told(house: House, service: str, node: str) -> list[dict[str, Any]]:
    with house.tools.store.read() as tx:
        found = instructions.pending(tx, "ward", service, node)
    return [dict(one.arguments) for one in found if one.method == "probe"]


def test_a_node_is_told_what_to_measure(house: House, ann: User) -> None:
    service = ann.up(watched("db.monitor(slam.cpu); db.monitor(comons.du:bytes, '/srv/data'); db.monitor(slam.cpu);"))
    house.work()
    assert ann.state(service) == "active"
    assert told(house, service, "db") == [
        {"metric": "cpu", "location": "", "period": 60},
        {"metric": "du:bytes", "location": "/srv/data", "period": 60},
    ]
    (probe, other) = ann.client.get("agreement", "/probe/")["resources"]
    assert {probe["attributes"]["occi.probe.name"], other["attributes"]["occi.probe.name"]} == {"db cpu", "db du:bytes"}


def test_what_is_measured_from_outside_is_asked_by_the_worker_and_shown_in_the_report(
    house: House, ann: User, pool: ThreadPoolExecutor
) -> None:
    service = ann.up(watched("web.monitor(slam.tcp:connect, '80');"))
    house.work()
    assert told(house, service, "web") == []
    asked: list[tuple[str, str | None]] = []

    def measure(metric: str, address: str, location: str | None, timeout: float) -> float:
        asked.append((metric, location))
        return 1.0

    for _ in range(2):
        monitor.tick(house.tools.store, pool, measure=measure)
    assert asked == [("tcp:connect", "80")]
    (sample,) = ann.report(service)["samples"]
    assert {key: sample[key] for key in ("metric", "target", "location", "value", "units")} == {
        "metric": "tcp:connect",
        "target": "web",
        "location": "80",
        "value": 1.0,
        "units": "0 or 1",
    }


def test_the_report_has_the_newest_sample_of_each_measurement(house: House, ann: User) -> None:
    service = ann.up(watched("db.monitor(slam.cpu); web.monitor(slam.cpu); web.monitor(slam.tasks);"))
    house.work()
    with house.tools.store.write() as tx:
        for at, value in ((1, 10.0), (3, 30.0), (2, 20.0)):
            for node in ("db", "web"):
                samples.add(tx, "ward", service, [Sample("cpu", node, value, at)])
    found = [(one["target"], one["value"]) for one in ann.report(service)["samples"]]
    assert found == [("db", 30.0), ("web", 30.0)]
    path = f"/service/{service}/samples"
    assert ann.client.get("service", path)["samples"] == ann.report(service)["samples"]
    past = ann.client.get("service", path, metric="cpu", target="db")["samples"]
    assert [one["value"] for one in past] == [30.0, 20.0, 10.0]


def test_a_sites_own_metric_is_measured_by_its_expression(house: House, ann: User) -> None:
    ann.post_document(IMPORT)
    service = ann.up(watched("db.monitor(slam.studies); web.monitor(slam.cpu);"))
    house.work()
    expression = "ls /srv/images | wc -l"
    assert told(house, service, "db") == [
        {"metric": "studies", "location": "", "period": 10, "samples": 3, "expression": expression}
    ]
    assert told(house, service, "web") == [{"metric": "cpu", "location": "", "period": 60}]


def test_a_sites_own_metric_can_be_promised(house: House, ann: User) -> None:
    ann.post_document(IMPORT)
    agreement = ann.post_document(AGREEMENT)["location"]
    service = ann.up(PAIR, **{"occi.service.sla": agreement})
    house.work()
    with house.tools.store.read() as tx:
        (promise,) = guarantees.judged(tx)
    one = promise.guarantee
    assert (one.metric, one.objective.value, one.period, one.window, one.samples) == ("studies", 5000.0, 10, 60, 3)
    assert told(house, service, "db")[0]["expression"] == "ls /srv/images | wc -l"


def test_a_metric_of_another_account_is_nobodys(house: House, ann: User) -> None:
    User(house.client("bob", "hospital")).post_document(IMPORT)
    with pytest.raises(AccordsError) as refused:
        ann.post_document(watched("db.monitor(slam.studies);"))
    assert "action-metric" in str(refused.value.fields)


@pytest.mark.parametrize(
    ("statement", "hint"), [("db.monitor(slam.du:bytes);", "folder"), ("db.monitor(slam.tcp:connect);", "port")]
)
def test_what_is_measured_at_a_place_needs_one(ann: User, statement: str, hint: str) -> None:
    with pytest.raises(AccordsError) as refused:
        ann.post_document(watched(statement))
    assert "metric-location" in str(refused.value.fields)
    assert hint in str(refused.value.fields)


def test_a_plan_says_what_no_agent_will_measure(ann: User) -> None:
    """The pretend cloud carries instructions itself."""
    text = watched("db.monitor(slam.cpu); db.monitor(slam.tcp:connect, '5432');")
    (said,) = ann.plan(ann.post_document(text)["location"])["attributes"]["org.accords.warnings"]
    assert (said["severity"], said["code"]) == ("warning", "metric-unmeasured")
    assert "cpu of db" in said["summary"]


def test_what_a_common_node_monitors_is_settled_in_its_own_plan(house: House, ann: User) -> None:
    ann.post_document(IMPORT)
    common = watched("db.monitor(slam.studies);").replace('<node name="db">', '<node name="db" scope="common">')
    ann.up(common.replace(' range="web"', ""))
    house.work()
    services = ann.client.get("service", "/service/")["resources"]
    (shared,) = (each["id"] for each in services if each["attributes"]["occi.service.name"] != "pair")
    (probe,) = told(house, shared.removeprefix("urn:uuid:"), "db")
    assert (probe["metric"], probe["expression"]) == ("studies", "ls /srv/images | wc -l")


def test_a_definition_without_an_expression_is_measured_by_nobody() -> None:
    assert defined('{"metric": {"name": "wish", "units": "hopes"}}') is None


def test_a_built_in_metric_is_ours_whatever_documents_define() -> None:
    found = looking(lambda term, name: (Defined('{"metric": {"name": "x", "expression": "echo 1"}}', "here"),))
    cpu, own = found("cpu"), found("x")
    assert cpu is not None and own is not None
    assert (cpu.expression, cpu.origin) == ("", Origin.NODE)
    assert (own.expression, own.period) == ("echo 1", 60)
