"""What a service's agreement wants measured inside its nodes is asked of their agents, from their first fetch on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.store import instructions
from tests.operations.house import House, User

AGREEMENT = """<agreement xmlns="http://www.compatibleone.fr/schemes/slam.xsd" name="sla">
  <terms name="g" type="guarantees"><term name="t">
    <guarantee name="room" scope="web">
      <variable name="v" property="du:bytes" condition="less" value="1G" location="/srv">
        <metric name="du:bytes" period="30" samples="1"/>
      </variable>
    </guarantee>
  </term></terms>
</agreement>"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.close()


def test_a_node_is_told_what_to_measure_before_anything_else(house: House) -> None:
    ann = User(house.client("ann", "ward"))
    service = ann.up(**{"occi.service.sla": ann.post_document(AGREEMENT)["location"]})
    with house.tools.store.read() as tx:
        (told,) = instructions.pending(tx, "ward", service, "web")
        assert instructions.pending(tx, "ward", service, "db") == ()
    assert told.method == "probe"
    assert told.arguments == {"metric": "du:bytes", "location": "/srv", "period": 30}
