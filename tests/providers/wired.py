"""Every driver with the faults' proxy before its cloud, a network and a machine there, and each call of the Protocol
once. Not a test."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from providers import Provider, open_provider
from providers.errors import Ambiguous, Conflict
from providers.protocol import Action, Kind, NetworkSpec, OfferedSize, Resource, Spec
from tests.faults.at_openstack import lab
from tests.faults.sites import SITES
from tests.providers import chain
from tests.providers.between import Between, Fault, between, untouched
from tests.providers.cloud import Cloud


@dataclass(frozen=True, slots=True)
class Line:
    """`refused`: what the proxy says in the cloud's stead when it refuses a credential; None where that has none."""

    provider: Provider
    proxy: Between
    refused: Callable[..., Fault | None] | None = None


@dataclass(frozen=True, slots=True)
class Wired:
    """A driver, the proxy before its cloud, and what is there for calls to be about."""

    line: Line
    cloud: Cloud
    network: Resource
    machine: Resource
    size: OfferedSize

    @property
    def provider(self) -> Provider:
        return self.line.provider

    @contextmanager
    def saying(self, fate: Callable[..., Fault | None]) -> Iterator[None]:
        """Whatever is asked meanwhile is answered so."""
        self.line.proxy.rule = fate
        try:
            yield
        finally:
            self.line.proxy.rule = untouched
            self.line.proxy.quiet()


Call = Callable[[Wired, float], object]
READS: Mapping[str, Call] = {
    "offers": lambda at, deadline: at.provider.offers(deadline=deadline),
    "find": lambda at, deadline: at.provider.find(Kind.NETWORK, at.network.token, deadline=deadline),
    "observe-network": lambda at, deadline: at.provider.observe(Kind.NETWORK, at.network.id, deadline=deadline),
    "observe-machine": lambda at, deadline: at.provider.observe(Kind.MACHINE, at.machine.id, deadline=deadline),
    "list": lambda at, deadline: at.provider.list(at.cloud.tags, deadline=deadline),
    "list-machines": lambda at, deadline: at.provider.list(
        at.cloud.tags, kinds=frozenset({Kind.MACHINE}), deadline=deadline
    ),
}
"""Their answers say that something is there."""
CHANGES: Mapping[str, Call] = {
    "create": lambda at, deadline: at.provider.create(
        NetworkSpec(at.cloud.name("late")), token=uuid.uuid4().hex[:26], tags=at.cloud.tags, deadline=deadline
    ),
    "act": lambda at, deadline: at.provider.act(Kind.MACHINE, at.machine.id, Action.STOP, deadline=deadline),
    "retag": lambda at, deadline: at.provider.retag(
        Kind.NETWORK, at.network.id, {"accords-step": uuid.uuid4().hex}, deadline=deadline
    ),
    "delete": lambda at, deadline: at.provider.delete(Kind.NETWORK, at.network.id, deadline=deadline),
}
OTHERS: Mapping[str, Call] = {
    "check": lambda at, deadline: at.provider.check(deadline=deadline),
    "resize": lambda at, deadline: at.provider.resize(at.machine.id, at.size, deadline=deadline),
    "console": lambda at, deadline: at.provider.console(at.machine.id, deadline=deadline),
}
"""These may answer without having asked: a list of problems, Refused."""
CALLS = {**READS, **CHANGES, **OTHERS}


@contextmanager
def _faulty(name: str, folder: Path) -> Iterator[Line]:
    with (lab if name == "openstack" else SITES[name])(folder) as site, ExitStack() as stack:
        provider = open_provider(name, site.driver, site.options)
        stack.callback(provider.close)
        yield Line(provider, site.proxy, site.said["credentials"])


@contextmanager
def _occi(folder: Path) -> Iterator[Line]:
    with ExitStack() as stack:
        url = stack.enter_context(chain.pretend_cloud())
        behind = {chain.BEHIND: {"driver": "fake", "url": url}}
        told = chain.options(stack.enter_context(chain.second_broker(folder, behind)))
        proxy = stack.enter_context(between(str(told["url"])))
        provider = open_provider("occi", "occi", {**told, "url": proxy.url})
        stack.callback(provider.close)
        refused = Fault(asked=False, status=401, body=b'{"title": "no such token"}')
        yield Line(provider, proxy, lambda asked: refused)


def _made(cloud: Cloud, spec: Spec, tries: int = 3) -> Resource:
    """A busy lab may take longer than a call may: then the same token is said again, as a walk does."""
    token = cloud.token()
    for _ in range(tries - 1):
        with suppress(Ambiguous, Conflict):
            return cloud.make(spec, token)
    return cloud.make(spec, token)


LINES: Mapping[str, Callable[[Path], AbstractContextManager[Line]]] = {
    "server": lambda folder: _faulty("fake", folder),
    "azure": lambda folder: _faulty("azure", folder),
    "opennebula": lambda folder: _faulty("opennebula", folder),
    "occi": _occi,
    "openstack": lambda folder: _faulty("openstack", folder),
    "moto": lambda folder: _faulty("moto", folder),
    "ministack": lambda folder: _faulty("ministack", folder),
}


@contextmanager
def wired(name: str, folder: Path) -> Iterator[Wired]:
    with LINES[name](folder) as line:
        cloud = Cloud(line.provider)
        try:
            network = _made(cloud, NetworkSpec(cloud.name("lan")))
            machine = _made(cloud, cloud.machine_spec(networks=(network.id,)))
            yield Wired(line, cloud, network, machine, cloud.offer().sizes[0])
        finally:
            line.proxy.rule = untouched
            cloud.give_back()
