"""A stage for tests: a store, the fake cloud in memory, and one service of a few nodes, without HTTP."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from broker.execute import Clock
from broker.offers import offer_of
from broker.plans import plan_to_json
from broker.settings import ProviderSettings, Settings
from broker.store import Service, journal, operations, services
from broker.verbs import Tools
from broker.verbs.looks import Looks
from broker.worker.operation import carry_out
from manifests import Manifest, Plan, place, plan, read
from providers.fake import Fake, Knobs
from providers.fake.remote import RemoteFake
from tests.databases import database, open_store

ACCOUNT, INSTALLATION = "ward", "installation-1"

XMLNS = "http://www.compatibleone.fr/schemes/manifest.xsd"

PAIR = f"""<manifest xmlns="{XMLNS}" name="pair">
  <node name="db">
    <infrastructure name="i1">
      <compute name="c1" cores="1" memory="1G"/>
      <network name="n1"><port name="p" protocol="tcp" from="5432" to="5432" range="web"/></network>
      <storage name="s1" size="1G"><volume name="data" size="2G"/></storage>
    </infrastructure>
    <image name="im1"><system name="linux"/><package name="postgresql" configuration="createdb app"/></image>
  </node>
  <node name="web">
    <infrastructure name="i2">
      <compute name="c2" cores="1" memory="1G"/><network name="n1"/><storage name="s2" size="1G"/>
    </infrastructure>
    <image name="im2"><system name="linux"/><package name="nginx"/></image>
  </node>
  <configuration name="conf">
    <action name="a1" type="cordscript" expression="web.configure(db.hostname); web.configure(db.password);"/>
  </configuration>
  <release name="rel"><action name="r1" type="cordscript" expression="web.kill('nginx');"/></release>
</manifest>"""
"""Two nodes, one of which is told the other's name and password; a volume; a port; a release phase."""


def manifest_of(text: str = PAIR) -> Manifest:
    reading = read(text.encode())
    assert isinstance(reading.document, Manifest), reading.diagnostics
    return reading.document


def nodes(count: int) -> str:
    """A manifest of so many equal nodes without anything to configure."""
    node = (
        '<node name="n{0}"><infrastructure name="i{0}"><compute name="c{0}" cores="1" memory="1G"/>'
        '<network name="lan"/><storage name="s{0}" size="1G"/></infrastructure>'
        '<image name="im{0}"><system name="linux"/></image></node>'
    )
    inner = "".join(node.format(number) for number in range(count))
    return f'<manifest xmlns="{XMLNS}" name="many">{inner}<configuration name="c"/></manifest>'


@dataclass
class Stage:
    """`cloud` is the provider `paris`: in memory, or the one of a server process, or another cloud's. `clock` is what
    its walks wait by, `now` what its leases end by (microseconds; None: the database's), `own` are settings of its own.
    """

    home: Path
    cloud: Fake | RemoteFake = field(default_factory=lambda: Fake("paris", Knobs()))
    manifest: Manifest = field(default_factory=manifest_of)
    clock: Clock = time
    now: Callable[[], int] | None = None
    own: Mapping[str, object] = field(default_factory=dict)
    installation: str = INSTALLATION

    def __post_init__(self) -> None:
        settings = {"fake": ProviderSettings(driver="fake")}
        usual = {"home": self.home, "database": database(self.home), "providers": {"paris": settings["fake"]}}
        self.settings = Settings(**{**usual, "lease": 30.0, **self.own})
        self.store = open_store(self.home, clock=self.now)
        numbers = itertools.count(1)
        self.tools = Tools(
            self.store,
            self.settings,
            {"paris": self.cloud},
            lambda: f"password-{next(numbers)}",
            "installation-key",
            Looks(self.clock.monotonic),
            self.clock,
        )

    def plan(self) -> Plan:
        now = self.store.now()
        offers = [offer_of("paris", "fake", each, now) for each in self.cloud.offers(deadline=5)]
        placed = place(self.manifest, offers, now=now, max_age=60_000_000, providers=("paris",))
        planned = plan(self.manifest, placed.placements)
        assert planned.plan is not None, (placed.diagnostics, planned.diagnostics)
        return planned.plan

    def submit(self, name: str = "pair") -> str:
        """A new service, to be deployed."""
        return self._submit(name, self.plan())

    def _submit(self, name: str, planned: Plan) -> str:
        service = str(uuid.uuid4())
        with self.store.write() as tx:
            services.create(tx, Service(ACCOUNT, service, name))
            operations.submit(tx, ACCOUNT, service, "deploy", plan_json=plan_to_json(planned))
        return service

    def submit_for(self, delivery: str) -> str:
        """A new service whose nodes get their instructions that way."""
        now = self.store.now()
        offers = [offer_of("paris", "fake", each, now) for each in self.cloud.offers(deadline=5)]
        offers = [replace(each, delivery=delivery) for each in offers]
        placed = place(self.manifest, offers, now=now, max_age=60_000_000, providers=("paris",))
        planned = plan(self.manifest, placed.placements).plan
        assert planned is not None
        return self._submit("pair", planned)

    def ask(self, service: str, kind: str, **arguments: object) -> None:
        with self.store.write() as tx:
            operations.submit(tx, ACCOUNT, service, kind, arguments=arguments)
            desired = {"stop": "stopped", "start": "active", "suspend": "suspended", "release": "released"}.get(kind)
            services.change(tx, ACCOUNT, service, **({"desired": desired} if desired else {}))

    def work(self) -> int:
        """Carry out what there is to do, here and now; how many operations it were."""
        for count in itertools.count():
            with self.store.write() as tx:
                lease = operations.take(tx, "tester", self.settings.lease)
            if lease is None:
                return count
            carry_out(self.tools, self.installation, lease)
        raise AssertionError

    def deployed(self) -> str:
        service = self.submit()
        self.work()
        assert self.service(service).state == "active", self.service(service).error
        return service

    def service(self, service: str) -> Service:
        with self.store.read() as tx:
            return services.get(tx, ACCOUNT, service)

    def history(self, service: str) -> dict[str, journal.Entry]:
        with self.store.read() as tx:
            return journal.history(tx, ACCOUNT, service)

    def is_state(self, service: str, *states: str) -> bool:
        return self.service(service).state in states

    def left(self) -> list[str]:
        """What is at the provider now."""
        return [f"{each.kind}/{each.name}" for each in self.cloud.list({}, deadline=5)]
