"""Two services that share a node, on real nodes: both reach it where its ports say, nobody reaches more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pacs.installation import OnThisMachine, until
from tests.pacs.neighbour import TRY

pytestmark = [pytest.mark.slow, pytest.mark.lxc]

OPEN, SHUT = 6379, 7000
SERVE = "cd /tmp; python3 -m http.server {}"
DOCUMENT = f"""
<manifest name="{{0}}">
  <node name="web-{{0}}"><infrastructure><compute memory="256MiB"/></infrastructure></node>
  <node name="cache" scope="common" access="public">
    <infrastructure>
      <compute memory="256MiB"/>
      <network name="lan"><port name="cache" from="{OPEN}" range="0.0.0.0/0"/></network>
    </infrastructure>
  </node>
  <configuration>
    <action expression="cache.fork('{SERVE.format(OPEN)}'); cache.fork('{SERVE.format(SHUT)}');"/>
    <action expression="web-{{0}}.configure(cache.hostname);"/>
    <action expression="web-{{0}}.system('echo $cache_hostname > /root/cache');"/>
  </configuration>
</manifest>"""


@pytest.fixture(scope="module")
def two(here: OnThisMachine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnThisMachine]:
    """The services `a` and `b`, which share the node `cache`."""
    folder: Path = tmp_path_factory.mktemp("documents")
    for name in ("a", "b"):
        (folder / f"{name}.xml").write_text(DOCUMENT.format(name))
        here.told("up", str(folder / f"{name}.xml"))
    for name in ("a", "b"):
        until(lambda name=name: here.state(name) == "active", lambda name=name: str(here.report(name)["error"]))  # type: ignore[misc]  # mypy does not see the default's type
    yield here
    for name in ("a", "b"):
        if here.state(name) != "absent":
            here.accords("release", name, "--wait")


def tries(here: OnThisMachine, node: str, address: str, port: int) -> str:
    return here.run(node, "python3", "-c", TRY, address, str(port))


def test_there_is_one_that_both_are_told_of_and_reach_where_its_port_says(two: OnThisMachine) -> None:
    address = two.machines()["cache"].addresses[0]
    for node in ("web-a", "web-b"):
        assert two.run(node, "cat", "/root/cache") == address
        until(lambda node=node: tries(two, node, address, OPEN) == "open", f"{node} reaches the cache")  # type: ignore[misc]  # likewise
        assert tries(two, node, address, SHUT) == "closed"


def test_what_is_shared_joins_nobody_else(two: OnThisMachine) -> None:
    """Users of one node reach each other no more than before, and the node reaches none of them."""
    machines = two.machines()
    assert tries(two, "web-a", machines["web-b"].addresses[0], 22) == "closed"
    assert tries(two, "cache", machines["web-a"].addresses[0], 22) == "closed"


def test_it_goes_with_its_last_user(two: OnThisMachine) -> None:
    refused = two.accords("release", "cache")
    assert refused.returncode != 0
    assert "used by a, b" in refused.stdout + refused.stderr
    two.told("release", "a", "--wait")
    assert sorted(two.machines()) == ["cache", "web-b"]
    two.told("release", "b", "--wait")
    until(lambda: not {"cache", "web-b"} & set(two.machines()), "nothing is left")
    assert two.state("cache") == "absent"
