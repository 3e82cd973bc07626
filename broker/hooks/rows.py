"""Which kind has which hooks, and what rows answer beside their kinds: the table that makes rows of data do things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from broker.hooks import (
    audit,
    cloud,
    console,
    drift,
    errands,
    event,
    keys,
    links,
    manifest,
    metric,
    offered,
    pins,
    placing,
    plan,
    platform,
    publication,
    resizing,
    schemas,
    service,
    several,
    sized,
    sla,
    thing,
    underway,
    unowned,
    user,
    volume,
)
from broker.occi.model import CORDS, INFRASTRUCTURE
from broker.services import Hooks, Row, RowRoute

_DOCUMENT = {"document": manifest.shown}

HOOKS: Mapping[str, Hooks] = {
    CORDS + "manifest": Hooks(documents=manifest.documents, delete=manifest.forget, routes=_DOCUMENT),
    **{
        CORDS + term: Hooks(delete=manifest.forget, routes=_DOCUMENT)
        for term in ("import", "paas_application_manifest", "easiclouds_application")
    },
    **{CORDS + term: Hooks(leave=pins.leave, routes=_DOCUMENT) for term in ("agreement", "federation")},
    CORDS + "plan": Hooks(create=plan.create),
    CORDS + "service": Hooks(
        create=service.create,
        created=service.created,
        actions=service.ACTIONS,
        delete=service.delete,
        routes={
            "report": service.report,
            "logs": service.printed,
            "samples": metric.measured,
            "placements": placing.shown,
        },
    ),
    CORDS + "provider": Hooks(listing=service.provider_listing, leave=pins.leave, routes=_DOCUMENT),
    CORDS + "event": Hooks(listing=event.listing),
    CORDS + "user": Hooks(actions={"login": user.login}),
    INFRASTRUCTURE + "compute": Hooks(
        create=cloud.create,
        created=cloud.created,
        stored=cloud.stored,
        update=cloud.update,
        change=sized.change,
        leave=cloud.leave,
        delete=cloud.delete,
        lingering=underway.lingering,
        projected=cloud.projected,
        actions=cloud.ACTIONS,
        together=cloud.TOGETHER,
    ),
    **{
        kind: Hooks(
            create=thing.create,
            created=cloud.created,
            stored=cloud.stored,
            update=thing.update,
            leave=thing.leave,
            delete=thing.delete,
            lingering=underway.lingering,
            projected=cloud.projected,
            actions=thing.actions(*terms),
            together=thing.together(*terms),
        )
        for kind, terms in thing.ACTIONS.items()
    },
    keys.KIND: Hooks(create=keys.create),
    platform.APPLICATION: Hooks(
        create=platform.application,
        actions=unowned.actions("start", "stop"),
        together=unowned.together("start", "stop"),
    ),
    platform.COMPONENT: Hooks(actions=unowned.actions("start", "stop"), together=unowned.together("start", "stop")),
    platform.LINK: Hooks(created=platform.link),
    sla.AGREEMENT: Hooks(create=sla.create, update=sla.update, actions=sla.ACTIONS),
    sla.LINK: Hooks(create=sla.link),
    **{
        kind: Hooks(created=links.created, update=links.update, leave=links.leave, projected=cloud.projected)
        for kind in links.ENDS
    },
}

ROUTES: Mapping[str, Mapping[str, Mapping[str, RowRoute]]] = {
    "publisher": {"/rows": {"GET": publication.rows}},
    "manifest": {
        "/definitions/metric/{name}": {"GET": metric.definitions},
        "/definitions/uses/{id}": {"GET": pins.shown, "DELETE": pins.removed},
        "/schemas": {"GET": schemas.listing},
        "/schemas/{name}": {"GET": schemas.one},
    },
    "cloud": {"/errands": {"POST": errands.complete}, "/offers": {"GET": offered.shown}},
    "service": {
        "/volumes": {"GET": volume.kept},
        "/volumes/{id}": {"DELETE": volume.remove},
        "/services/{id}/end": {"POST": service.end},
        "/services/{id}/drift": {"GET": drift.shown},
        "/services/{id}/repair": {"POST": drift.submit},
        "/services/{id}/console": {"GET": console.shown, "POST": console.submit},
        "/services/{id}/resize": {"GET": resizing.shown, "POST": resizing.submit},
        "/services/operations": {"POST": several.submit},
        "/audit": {"GET": audit.shown},
        "/audit/removal": {"POST": audit.remove},
    },
}

OPEN: Mapping[str, tuple[str, ...]] = {"manifest": ("/schemas", "/schemas/{name}")}
"""Routes that are read without a token: what is published with the package, for editors, which have none to send."""


def wired(row: Row) -> Row:
    """The row with its hooks and routes; what it brings itself comes first."""
    own = {kind: hooks for kind, hooks in HOOKS.items() if kind in row.kinds}
    return replace(row, hooks={**own, **row.hooks}, routes={**ROUTES.get(row.name, {}), **row.routes})
