"""Posting CORDS documents, and asking what would be done with a manifest. Pure: flows and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker.client.entities import Held, create
from broker.client.flows import Flow, asked
from broker.client.messages import Answer, Unreadable, request
from broker.occi.model import CORDS, Draft

XML, YAML = "application/xml", "application/yaml"


@dataclass(frozen=True, slots=True)
class Posted:
    """What was made of a document. `elements` are {path, kind, id}; `inputs` what it leaves open, {name, secret, ...};
    `document` the text with the ids in it; `diagnostics` what there is to warn of."""

    kind: str
    id: str
    name: str
    location: str
    elements: Sequence[Mapping[str, Any]]
    inputs: Sequence[Mapping[str, Any]]
    document: str
    diagnostics: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan: what would be done, where, and why. `secrets` are the inputs whose values the service is to be given."""

    held: Held
    listing: str
    cost: str
    warnings: Sequence[Mapping[str, Any]]
    secrets: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.held.entity.id


def post(document: bytes, media_type: str = YAML, *, strict: bool = False) -> Flow[Posted]:
    """A manifest, an agreement or any other document. Posting it again is the same; one with errors is
    `InvalidDocument` with all of them in `fields["diagnostics"]`. `strict`: what would be repaired is an error."""
    params = {"strict": "yes"} if strict else {}
    headers = {"Content-Type": media_type}
    answer = yield from asked(
        request("manifest", "POST", "/manifest/", content=document, headers=headers, params=params)
    )
    return _posted(answer)


def plan(
    posted: Posted, inputs: Mapping[str, object] | None = None, volumes: Mapping[str, str] | None = None
) -> Flow[Planned]:
    """What would be done with a manifest, its plain inputs filled. Secrets are for `services.start`, not for here.
    `volumes`: the manifest's, by name, for which one that was kept is joined, by its id."""
    said: dict[str, Any] = {"occi.plan.name": posted.name, "occi.plan.manifest": posted.location}
    given = {"org.accords.inputs": dict(inputs or {}), "org.accords.volumes": dict(volumes or {})}
    said.update({name: value for name, value in given.items() if value})
    return planned((yield from create("manifest", Draft(kind=CORDS + "plan", attributes=said))))


def planned(held: Held) -> Planned:
    """A plan as its row holds it."""
    said: Mapping[str, Any] = held.entity.attributes
    steps = said.get("org.accords.steps", ())
    return Planned(
        held,
        str(said.get("org.accords.listing", "")),
        str(said.get("org.accords.cost", "")),
        said.get("org.accords.warnings", ()),
        tuple(step["inputs"]["name"] for step in steps if step["verb"] == "given"),
    )


def _posted(answer: Answer) -> Posted:
    said = answer.json()
    try:
        return Posted(**{name: said[name] for name in Posted.__slots__})
    except (KeyError, TypeError) as error:
        raise Unreadable("the manifest row does not say what it made of the document") from error
