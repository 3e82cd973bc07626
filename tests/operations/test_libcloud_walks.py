"""A plain document at a cloud that has machines and nothing else: deployed, seen, and given back whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers import Provider, open_provider
from providers.protocol import Kind
from tests.operations.house import House, User
from tests.providers.nodes import dummy_options

PLAIN = """<manifest name="plain">
  <node name="web"><infrastructure><compute memory="100M"/></infrastructure><image agent="none"/></node>
  <node name="db"><infrastructure><compute memory="100M"/></infrastructure><image agent="none"/></node>
</manifest>"""


@pytest.fixture
def sky(tmp_path: Path) -> Iterator[Provider]:
    with closing(open_provider("sky", "libcloud:dummy", dummy_options(tmp_path / "sky"))) as provider:
        yield provider


def test_a_plain_document_is_deployed_and_given_back(tmp_path: Path, sky: Provider) -> None:
    with closing(House(tmp_path, {"sky": sky}, alone=True)) as house:
        user = User(house.client("ann", "ward"))
        service = user.up(PLAIN)
        house.work()
        assert user.state(service) == "active"
        assert sorted(each.kind for each in sky.list({}, deadline=5.0)) == [Kind.MACHINE, Kind.MACHINE, Kind.NETWORK]
        user.act(service, "release")
        house.work()
        assert user.state(service) == "released"
        assert sky.list({}, deadline=5.0) == []
