"""What the contract suite holds a provider with: specifications that fit it, waiting, and giving back. Not a test."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

import pytest

from providers.errors import Conflict, NotFound, ProviderError
from providers.protocol import Action, Kind, MachineSpec, OfferedSize, Offering, Provider, Resource, Spec, State

DEADLINE = 20.0
PATIENCE = 300.0  # seconds a thing may be PENDING: the first machine of a driver may have its image built
_FLAT = {
    "firewall": "libcloud's base API has no firewalls",
    "range": "libcloud's base API has no networks: there is one, the cloud's own",
}
_OLDER = {
    "firewall": "no document settles how what a firewall of OCCI 1.1 is for is said",
    "snapshot": "its save has no token, so it could be done twice",
    "retag": "neither server changes what it keeps of an entity",
}
# driver -> what it does not give, and why. A test that needs it is skipped for that driver; Refused is tested instead.
LACKS: Mapping[str, Mapping[str, str]] = {
    "occi-rocci": _OLDER,
    "occi-ooi": _OLDER,
    "libcloud:dummy": {**_FLAT, "volume": "libcloud's pretend cloud has none", "snapshot": "nor has it these"},
    "libcloud:openstack": _FLAT,
    "libcloud:ec2": _FLAT,
}


def lacking(provider: Provider) -> Mapping[str, str]:
    """What a target lacks by its driver, or by its own name where one driver speaks with servers of many kinds."""
    return LACKS.get(provider.driver, {}) or LACKS.get(provider.name, {})


ORDER = (
    Kind.ADDRESS,
    Kind.APPLICATION,
    Kind.SNAPSHOT,
    Kind.MACHINE,
    Kind.FIREWALL,
    Kind.VOLUME,
    Kind.KEY,
    Kind.NETWORK,
)


class Cloud:
    """One test's view of one provider: `tags` are this test's own, and everything made carries them."""

    def __init__(self, provider: Provider, tags: Mapping[str, str] | None = None) -> None:
        self.provider = provider
        self.run = uuid.uuid4().hex[:8]
        own = {"accords-installation": self.run, "accords-service": "contract"}
        self.tags: Mapping[str, str] = own if tags is None else tags

    def needs(self, what: str) -> None:
        """Skip this test where the driver does not give that."""
        reason = lacking(self.provider).get(what)
        if reason:
            pytest.skip(f"{self.provider.driver}: {reason}")

    def name(self, word: str) -> str:
        return f"{word}-{self.run}"

    def token(self, word: str = "t") -> str:
        return f"{word}{uuid.uuid4().hex}"[:26]

    def create(self, spec: Spec, token: str | None = None, **tags: str) -> Resource:
        """One create, as it was answered."""
        token = token or self.token()
        return self.provider.create(spec, token=token, tags={**self.tags, **tags}, deadline=DEADLINE)

    def make(self, spec: Spec, token: str | None = None, **tags: str) -> Resource:
        """Create, and look until it is no longer PENDING."""
        return self.settled(self.create(spec, token, **tags))

    def settled(self, resource: Resource) -> Resource:
        """The resource when it is no longer PENDING."""
        return self.until(resource, lambda seen: seen.state is not State.PENDING)

    def until(self, resource: Resource, good: Callable[[Resource], bool]) -> Resource:
        """The resource when it is `good`; fails when that takes too long."""
        ends, pause = time.monotonic() + PATIENCE, 0.05
        while not good(resource):
            assert time.monotonic() < ends, f"{resource} is not as it should be after {PATIENCE} s"
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)  # a real cloud spends its own time on our looks
            resource = self.observe(resource)
        return resource

    def observe(self, resource: Resource) -> Resource:
        return self.provider.observe(resource.kind, resource.id, deadline=DEADLINE)

    def retag(self, resource: Resource, tags: Mapping[str, str]) -> Resource:
        self.needs("retag")
        return self.provider.retag(resource.kind, resource.id, tags, deadline=DEADLINE)

    def resize(self, machine: Resource, size: OfferedSize) -> Resource:
        """The machine with that size, stopped first where the provider asks for it."""
        try:
            return self.settled(self.provider.resize(machine.id, size, deadline=DEADLINE))
        except Conflict:
            self.settled(self.provider.act(machine.kind, machine.id, Action.STOP, deadline=DEADLINE))
            return self.settled(self.provider.resize(machine.id, size, deadline=DEADLINE))

    def delete(self, resource: Resource) -> None:
        """Give it back, and look until it is gone: a cloud takes its time to end a machine."""
        self.provider.delete(resource.kind, resource.id, deadline=DEADLINE)
        with suppress(NotFound):
            self.until(resource, lambda seen: False)

    def list(self, **tags: str) -> tuple[Resource, ...]:
        return tuple(self.provider.list({**self.tags, **tags}, deadline=DEADLINE))

    def offer(self) -> Offering:
        return self.provider.offers(deadline=DEADLINE)[0]

    def machine_spec(self, word: str = "node", **changes: object) -> MachineSpec:
        """The smallest machine with the image called `linux`."""
        offer = self.offer()
        size = min(offer.sizes, key=lambda each: (each.cores, each.memory))
        image = next(each for each in offer.images if "linux" in each.aliases)
        name = self.name(word)
        spec = MachineSpec(name=name, hostname=word, image=image.id, size=None if offer.flexible else size.name)
        return replace(spec, **changes)  # type: ignore[arg-type]  # the tests name fields of MachineSpec

    def give_back(self) -> None:
        """Delete all that this test made, users before what they use, until nothing is listed."""
        ends = time.monotonic() + PATIENCE
        why: ProviderError | None = None
        while left := sorted(self.list(), key=lambda each: ORDER.index(each.kind)):
            assert time.monotonic() < ends, f"left behind: {left}, because {why}"
            for resource in left:
                why = self._try_delete(resource) or why

    def _try_delete(self, resource: Resource) -> ProviderError | None:
        """What kept it from being deleted: it may be used by something that is going."""
        try:
            self.delete(resource)
        except ProviderError as error:
            time.sleep(0.05)
            return error
        return None


def surely(call: Callable[[], object]) -> ProviderError:
    """The ProviderError that the call raises; anything else, or nothing, fails the test."""
    try:
        result = call()
    except ProviderError as error:
        return error
    raise AssertionError(f"no ProviderError but {result!r}")
