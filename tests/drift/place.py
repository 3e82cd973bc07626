"""A cloud and a worker of the broker beside it, with a service of two nodes. Not a test."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest

from broker import repairs
from broker.store import PLATFORM, findings, offers, services
from broker.store.findings import Finding
from broker.store.tables import journal
from broker.worker import auditing, chores
from broker.worker.observing import Observing
from providers.protocol import Kind, Resource
from tests.drift.outsiders import Site
from tests.drift.outsiders.waiting import until
from tests.faults.trial import Quick
from tests.operations.stage import ACCOUNT, XMLNS, Stage, manifest_of
from tests.providers.cloud import Cloud

VOLUME = '<volume name="data" size="2G"/>'
TWO = f"""<manifest xmlns="{XMLNS}" name="two">
  <node name="db">
    <infrastructure name="i1"><compute name="c1" cores="1" memory="512M"/>
      <network name="n1"><port name="p" protocol="tcp" from="5432" to="5432" range="web"/></network>
      <storage name="s1">{VOLUME}</storage></infrastructure>
    <image name="im1"><system name="linux"/></image>
  </node>
  <node name="web" access="public">
    <infrastructure name="i2"><compute name="c2" cores="1" memory="512M"/>
      <network name="n1"><port name="h" protocol="tcp" from="80" to="80"/></network></infrastructure>
    <image name="im2"><system name="linux"/></image>
  </node>
  <configuration name="conf"/>
</manifest>"""
"""A volume, a firewall each, one of which lets the other's node in; a public node."""


class Place:
    """`stage` is the broker. Its installation is one of its own: a cloud may be everybody's."""

    def __init__(self, home: Path, site: Site) -> None:
        self.site = site
        installation = f"drift-{uuid.uuid4().hex[:8]}"
        text = TWO.replace(VOLUME, "") if "volume" in site.lacks else TWO
        self.stage = Stage(home, site.provider, manifest_of(text), Quick(site.pace), installation=installation)
        until(self._offered, "it offers something")  # a repair asks there who can give another size
        self.watching = Observing(self.stage.tools, self.stage.installation)
        self.service = ""
        """The id of the one there is."""

    def needs(self, what: str) -> None:
        """Skip this test where that cannot be done."""
        if what in self.site.lacks:
            pytest.skip(f"{self.site.provider.driver}: {self.site.lacks[what]}")

    def ready(self) -> str:
        """A service that is as it should be: the one before, where it still is."""
        if not self.service or not self._is_well():
            self.release()
            self.service = self.stage.submit_for("none")  # nothing in the nodes could call here
            self.stage.work()
            assert self.state() == "active", self.stage.service(self.service).error
            self.look_until({})
        return self.service

    def things(self) -> Mapping[str, Resource]:
        """What the service has, by the step that made it, as it is at the cloud."""
        with self.stage.store.read() as tx:
            about = repairs.subject(tx, services.get(tx, ACCOUNT, self.service))
        assert about is not None
        wanted = about.desired.things
        return {step: self.site.provider.observe(each.kind, each.id, deadline=20) for step, each in wanted.items()}

    def machines(self) -> list[Resource]:
        """Those of this installation that are at the cloud."""
        ours = {"accords-installation": self.stage.installation}
        found = self.site.provider.list(ours, kinds=frozenset({Kind.MACHINE}), deadline=20)
        return sorted(found, key=lambda each: each.id)

    def look(self) -> Mapping[str, Finding]:
        """What differs, as `<step> <aspect>`, after one look of the worker."""
        self.watching.turn("paris")
        with self.stage.store.read() as tx:
            found = findings.of_service(tx, ACCOUNT, self.service)
        return {f"{each.step} {each.aspect}": each for each in found}

    def look_until(self, wanted: Mapping[str, object] | frozenset[str]) -> Mapping[str, Finding]:
        """As the worker does, again and again: clouds take their time."""
        seen: list[Mapping[str, Finding]] = []
        until(lambda: seen.append(self.look()) or set(seen[-1]) == set(wanted), f"{sorted(wanted)} is seen")  # type: ignore[func-returns-value]  # it is None
        return seen[-1]

    def right(self, how: str) -> None:
        """As `accords repair` does."""
        with self.stage.store.write() as tx:
            about = repairs.subject(tx, services.get(tx, ACCOUNT, self.service))
            assert about is not None
            repairs.submit(tx, about, how)
        self.stage.work()

    def strays(self) -> list[Finding]:
        with self.stage.store.read() as tx:
            return list(findings.strays(tx, "paris"))

    def looked_strays(self) -> list[Finding]:
        """After a look that finds some."""
        until(lambda: bool(self.look() or self.strays()), "something nobody knows is seen")
        return self.strays()

    def gave_back(self) -> bool:
        """Whether all that was asked to go has gone, after one more turn of the worker."""
        auditing.give_back(self.stage.tools, self.stage.installation, "paris")
        return not self.strays()

    def forget(self, step: str) -> None:
        """The store knows no more that this step was done."""
        with self.stage.store.write() as tx:
            tx.run(journal.delete().where(journal.c.service == self.service, journal.c.step == step))

    def state(self) -> str:
        return self.stage.service(self.service).state

    def release(self) -> None:
        """The service and its volumes are given back, and nothing is left."""
        if self.service:
            self.stage.ask(self.service, "release", volumes=True)
            self.stage.work()
            assert self.state() == "released", self.stage.service(self.service).error
            self.service = ""
        until(lambda: not self.left(), "nothing is left")

    def left(self) -> list[str]:
        """What is at the cloud of this installation."""
        found = self.site.provider.list({"accords-installation": self.stage.installation}, deadline=20)
        return [f"{each.kind}/{each.name}" for each in found]

    def close(self) -> None:
        """Whatever a failed test left is given back."""
        Cloud(self.site.provider, {"accords-installation": self.stage.installation}).give_back()

    def _offered(self) -> bool:
        chores.refresh_offers(self.stage.tools)
        with self.stage.store.read() as tx:
            return bool(offers.every(tx, PLATFORM))

    def _is_well(self) -> bool:
        return self.state() == "active" and not self.look()
