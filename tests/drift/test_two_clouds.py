"""A service over two clouds, one of which does not answer: what needs nothing there comes up, the report says what
waits for what, and when it is back everything comes up. Every cloud, beside a pretend one that is down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.offers import offer_of
from broker.report import report_of
from manifests import Manifest, Plan, plan
from manifests import place as placed
from providers.fake import Fake, Knobs, Trouble
from providers.protocol import Kind
from tests.drift.place import Place
from tests.operations.stage import ACCOUNT, XMLNS, Stage, manifest_of

OVER_TWO = f"""<manifest xmlns="{XMLNS}" name="two">
  <node name="here" provider="paris">
    <infrastructure name="i1"><compute name="c1" cores="1" memory="512M"/><network name="n1"/></infrastructure>
    <image name="im1"><system name="linux"/></image>
  </node>
  <node name="there" provider="lyon">
    <infrastructure name="i2"><compute name="c2" cores="1" memory="512M"/><network name="n2"/></infrastructure>
    <image name="im2"><system name="linux"/></image>
  </node>
  <configuration name="conf"/>
</manifest>"""


def planned(stage: Stage, manifest: Manifest) -> Plan:
    now, offers = stage.store.now(), []
    for name, cloud in stage.tools.providers.items():
        offers += [replace(offer_of(name, "fake", each, now), delivery="none") for each in cloud.offers(deadline=20)]
    found = placed(manifest, offers, now=now, max_age=600_000_000, providers=tuple(stage.tools.providers))
    whole = plan(manifest, found.placements).plan
    assert whole is not None, found.diagnostics
    return whole


@pytest.mark.parametrize("down", ["create", "*"])
def test_a_cloud_that_is_down_stops_only_what_needs_it(place: Place, down: str) -> None:
    lyon, stage = Fake("lyon", Knobs()), place.stage
    tools = stage.tools
    stage.tools = replace(tools, providers={"lyon": lyon, "paris": place.site.provider})
    try:
        whole = planned(stage, manifest_of(OVER_TWO))
        lyon.trouble(Trouble("fail", call=down, times=0))
        place.service = stage._submit(f"two-{len(down)}", whole)
        stage.work()
        seen = place.machines()
        assert [each.tags["accords-node"] for each in seen] == ["here"]
        with stage.store.read() as tx:
            told = report_of(tx, ACCOUNT, place.service)
        steps = {each["id"]: each for each in told["steps"]}
        assert {node["name"]: node["state"] for node in told["nodes"]}["here"] == "running"
        assert (steps["lyon.n2"]["state"], steps["lyon.n2"]["error"]["provider"]) == ("failed", "lyon")
        assert steps["there.0.machine"]["state"] == "blocked"
        assert "lyon.n2" in steps["there.0.machine"]["waits"]
        lyon.calm()
        stage.ask(place.service, "retry")
        stage.work()
        assert place.state() == "active", stage.service(place.service).error
        assert [each.id for each in place.machines()] == [each.id for each in seen], "what was there was left alone"
        assert [each.kind for each in lyon.resources()].count(Kind.MACHINE) == 1
        place.release()
        assert lyon.resources() == ()
    finally:
        lyon.calm()
        place.stage.tools = tools
