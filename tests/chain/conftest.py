"""Two brokers in this process: the near one's provider `far` is the other one, behind which is the pretend cloud."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from broker.store import services
from broker.verbs import looks
from broker.worker import drifting
from broker.worker.observing import Observing
from providers.protocol import Provider, Resource, State
from tests.operations.house import House, User
from tests.operations.stage import XMLNS
from tests.providers import chain
from tests.providers.chain import at_work

DOCUMENT = f"""<manifest xmlns="{XMLNS}" name="pair">
  <node name="db">
    <infrastructure name="i1">
      <compute name="c1" cores="1" memory="1G"/>
      <network name="n1"><port name="p" protocol="tcp" from="5432" to="5432" range="web"/></network>
      <storage name="s1" size="1G"><volume name="data" size="2G" mountpoint="/srv/data" retain="no"/></storage>
    </infrastructure>
    <image name="im1" agent="none"><system name="linux"/></image>
  </node>
  <node name="web" access="public">
    <infrastructure name="i2">
      <compute name="c2" cores="1" memory="1G"/>
      <network name="n1"><port name="http" protocol="tcp" from="80" to="80" range="0.0.0.0/0"/></network>
      <storage name="s2" size="1G"/>
    </infrastructure>
    <image name="im2" agent="none"><system name="linux"/></image>
  </node>
  <configuration name="conf"/>
</manifest>"""
"""Two nodes, one behind the other, a volume, a public address; nobody in them is told anything."""

ONE = f"""<manifest xmlns="{XMLNS}" name="one">
  <node name="one">
    <infrastructure name="i1"><compute name="c1" cores="1" memory="1G"/><network name="n1"/></infrastructure>
    <image name="im1" agent="none"><system name="debian" version="12"/></image>
  </node>
  <configuration name="conf"/>
</manifest>"""


@dataclass
class Way(httpx.BaseTransport):
    """What is between the brokers. `down`: nobody answers; `lost`: so many answers of requests that change something do
    not arrive."""

    inner: httpx.BaseTransport
    down: bool = False
    lost: int = 0
    asked: list[str] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("nobody is there", request=request)
        self.asked.append(f"{request.method} {request.url.path}")
        answer = self.inner.handle_request(request)
        if self.lost and request.method != "GET":
            self.lost -= 1
            answer.read()
            raise httpx.ReadError("the answer is lost", request=request)
        return answer


@dataclass
class Pair:
    """`near` plans and walks, `far` has it made; `behind` is what the pretend cloud has, by kind."""

    home: Path
    far: House
    way: Way
    near: House

    @property
    def behind(self) -> Counter[str]:
        return Counter(each.kind.value for each in self.things())

    def things(self) -> list[Resource]:
        return list(self.far.cloud.list({}, deadline=5))

    def seen(self) -> list[Resource]:
        """What the near broker sees of it."""
        return list(self.provider.list({}, deadline=5))

    @property
    def provider(self) -> Provider:
        return self.near.tools.providers["far"]

    def user(self) -> User:
        return User(self.near.client("ann", "ward"))

    def up(self, text: str = DOCUMENT, **attributes: object) -> str:
        """A service that runs."""
        service = self.user().up(text, **attributes)
        self.near.work()
        return service

    def report(self, service: str) -> Any:
        return self.user().report(service)

    def released(self, service: str) -> None:
        self.user().act(service, "release")
        self.near.work()
        assert self.user().state(service) == "released", self.report(service)["error"]

    def look(self) -> None:
        """Both see what their providers have, the far one first: what it sees the near one is told."""
        Observing(self.far.tools, self.far.installation.id).turn("paris")
        self.far.work()
        Observing(self.near.tools, self.near.installation.id).turn("far")

    def settled(self, thing: Resource) -> Resource:
        """As it is when nobody is at it any more."""
        while thing.state is State.PENDING:
            thing = self.provider.observe(thing.kind, thing.id, deadline=5)
        return thing

    def living(self) -> list[str]:
        """The far broker's services that are not released."""
        with self.far.tools.store.read() as tx:
            return [each.name for each in services.living(tx)]


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks are made at once: neither broker spares the other, nor waits until a service has settled."""
    monkeypatch.setattr(drifting, "SETTLE", 0)
    for name in ("BY_LIST", "BY_ITSELF"):
        monkeypatch.setattr(looks, name, 0.02)


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Pair]:
    """Nobody is at work over there yet."""
    with ExitStack() as stack:
        far = stack.enter_context(closing(House(tmp_path / "far")))
        far.work()  # what its provider offers is known
        provider = chain.through(far, "far", delivery="home")
        way = Way(provider._wire._client._transport)
        provider._wire._client._transport = way
        stack.enter_context(closing(provider))
        near = stack.enter_context(closing(House(tmp_path / "near", {"far": provider}, alone=True)))
        yield Pair(tmp_path, far, way, near)


@pytest.fixture
def pair(apart: Pair) -> Iterator[Pair]:
    with at_work(apart.far):
        yield apart
