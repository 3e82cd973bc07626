"""Methods of a manifest inside another: called by a configuration, and by name from outside."""

from __future__ import annotations

from broker.store import operations, services
from tests.operations.house import House, User
from tests.operations.stage import XMLNS

NODE = (
    '<infrastructure name="i"><compute name="c" cores="1" memory="1G"/><network name="lan"/>'
    '<storage name="s" size="1G"/></infrastructure><image name="im"><system name="linux"/></image>'
)
STORE = f"""<manifest xmlns="{XMLNS}" name="store">
  <node name="db">{NODE}</node>
  <configuration name="c"/>
  <interface name="i"><action name="backup" type="cordscript" expression="db.system('dump $1');"/></interface>
</manifest>"""
OUTER = f"""<manifest xmlns="{XMLNS}" name="outer">
  <node name="archive" type="store"/>
  <configuration name="c">
    <action name="a" type="cordscript" expression="archive.backup('at the start'); archive.db.monitor(slam.cpu);"/>
  </configuration>
  <interface name="i"><action name="nightly" type="cordscript" expression="archive.backup('by night');"/></interface>
</manifest>"""


def scripts(house: House) -> list[object]:
    return [one.arguments.get("script") for one in house.cloud.ledger.carried]


def test_a_method_of_an_inner_manifest_is_called_by_the_configuration_and_by_its_name(house: House, ann: User) -> None:
    ann.post_document(STORE)
    service = ann.up(OUTER, name="outer")
    house.work()
    assert ann.state(service) == "active"
    assert scripts(house) == ["set -- 'at the start'\ndump $1"]
    assert ann.report(service)["methods"] == ["archive.backup", "nightly"]
    for method in ("nightly", "ARCHIVE.backup"):
        ann.act(service, "invoke", method=method)
        house.work()
    assert scripts(house)[1:] == ["set -- 'by night'\ndump $1", "dump $1"]


def test_what_is_asked_for_before_a_stop_and_gets_its_turn_after_it_fails_at_once(
    house: House, ann: User, service: str
) -> None:
    ann.act(service, "stop")
    with house.tools.store.write() as tx:
        services.set_state(tx, "ward", service, "active")
        operations.submit(tx, "ward", service, "invoke", arguments={"method": "backup", "arguments": []})
    house.work()
    operation = ann.report(service)["operation"]
    assert (operation["kind"], operation["state"]) == ("invoke", "failed")
    assert "does not run" in operation["error"]["message"]
