"""What verbs work for and with: the operation, the tools, and one call of a verb. Values; no logic to speak of."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from broker.errors import Missing
from broker.verbs.looks import Looks, pause
from broker.verbs.specs import Inputs
from manifests import Placement, Plan, Step, node_of
from providers.groups import GROUP
from providers.protocol import Kind, Provider, Resource

if TYPE_CHECKING:
    from broker.execute import Clock
    from broker.settings import ProviderSettings, Settings
    from broker.store import Store


@dataclass(frozen=True, slots=True)
class Job:
    """One operation of one service.

    `service` is its id, `name` the word people use. `deploy` is the plan that the service was made by, `placements` its
    nodes' by name, and `made` what came of its steps so far. `token_of` gives the token that a step of it was carried
    out with. `retry` is the id of the operation that tries again what failed before, empty at the first time.
    `manifest` is the id of the document that the service was made from.
    """

    installation: str
    account: str
    service: str
    name: str
    kind: str
    deploy: Plan
    placements: Mapping[str, Placement]
    made: Mapping[str, Mapping[str, object] | None]
    token_of: Callable[[str], str]
    retry: str = ""
    manifest: str | None = None

    def entity(self, *parts: str) -> str:
        """The id of the OCCI entity that shows what a step made: the same in every walk of this service. A compute that
        a client made keeps the id it got then."""
        return self._given(*parts) or str(uuid.uuid5(uuid.UUID(self.service), "/".join(parts)))

    def tags(self, step: str, token: str) -> Mapping[str, str]:
        """What every resource carries at its provider: the step that made it, with its token. Without the installation
        two brokers in one tenant would take each other's machines for orphans. What another broker asked for carries
        its group (`providers.groups`)."""
        found = {
            "accords-installation": self.installation,
            "accords-account": self.account,
            "accords-service": self.service,
            "accords-step": step,
            "accords-token": token,
        }
        more = {"accords-node": node_of(step), GROUP: self._said(step, "group")}
        return {**found, **{name: value for name, value in more.items() if value}}

    def is_asked_for(self, step: str) -> bool:
        """Whether a client asked for what that step makes, as an entity."""
        return bool(self._said(step, "entity"))

    def _given(self, step: str, *others: str) -> str:
        return "" if others else self._said(step, "entity")

    def _said(self, step: str, name: str) -> str:
        """An input of a step of the deploy plan; empty where that has no such step."""
        try:
            return str(self.deploy.step(step).inputs.get(name) or "")
        except KeyError:
            return ""


@dataclass(frozen=True, slots=True)
class Tools:
    """What verbs act with, and what walks wait by. `secret` makes a new password; one-time tokens follow from `key`,
    the installation's."""

    store: Store
    settings: Settings
    providers: Mapping[str, Provider]
    secret: Callable[[], str]
    key: str
    looks: Looks = field(default_factory=Looks)
    clock: Clock = time

    def provider(self, name: str | None) -> Provider:
        """The provider instance of that name, or `Missing` with those there are."""
        if name in self.providers:
            return self.providers[str(name)]
        known = ", ".join(sorted(self.providers)) or "none"
        raise Missing(f"no provider instance is called {name}", hint=f"the settings have: {known}")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a verb: the step, its inputs with every Ref replaced, its token. `again`: an earlier attempt may have
    been carried out. `partial` is what the last look said to keep."""

    tools: Tools
    job: Job
    step: Step
    inputs: Inputs
    token: str
    again: bool = False
    partial: Mapping[str, object] = field(default_factory=dict)

    @property
    def node(self) -> str:
        """The node that the step is of; empty for a network."""
        return node_of(self.step.id)

    @property
    def provider(self) -> Provider:
        return self.tools.provider(self.step.provider)

    @property
    def own(self) -> ProviderSettings | None:
        """The settings of the step's provider."""
        return self.tools.settings.providers.get(self.step.provider or "")

    @property
    def deadline(self) -> float:
        return self.tools.settings.call_deadline

    @property
    def pause(self) -> float:
        """Seconds until the next look at what is being made, changed or given back."""
        return pause(self.provider)

    def look(self, kind: Kind, id: str) -> Resource:
        """A thing that an earlier call began to make, change or give back; NotFound when it is gone."""
        ours = {"accords-installation": self.job.installation}
        return self.tools.looks.look(self.provider, kind, id, ours, self.deadline)

    def gone(self, kind: Kind, id: str) -> bool:
        """Whether what was given back has gone by now."""
        ours = {"accords-installation": self.job.installation}
        return self.tools.looks.gone(self.provider, kind, id, ours, self.deadline)

    def tags(self) -> Mapping[str, str]:
        """What the resource of this step carries at its provider."""
        return self.job.tags(self.step.id, self.token)
