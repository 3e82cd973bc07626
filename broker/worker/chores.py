"""What the worker does again and again beside operations, and that compares nothing (that is `observing`): look at
offers, end what is over, forget what is old. Each is one short pass; what fails is tried at the next.
"""

from __future__ import annotations

import logging

from broker import templates
from broker.client import Client
from broker.errors import RowDown
from broker.offers import offer_of
from broker.store import PLATFORM, Service, Transaction, entities, operations, outbox, retention, services, volumes
from broker.store import offers as offer_rows
from broker.verbs import Tools
from providers.errors import ProviderError

log = logging.getLogger(__name__)


def refresh_offers(tools: Tools, *names: str) -> None:
    """Ask these providers (none: all) what they give. One that does not answer keeps its old offers: they grow too
    old."""
    for name in names or tools.providers:
        provider = tools.providers[name]
        try:
            offerings = provider.offers(deadline=tools.settings.call_deadline)
        except ProviderError as error:
            log.warning("offers.failed", extra={"provider": name, "code": error.code, "error": error.message})
            continue
        with tools.store.write() as tx:
            before = _templates(tx)
            found = [offer_of(name, provider.driver, each, tx.now) for each in offerings]
            offer_rows.replace(tx, PLATFORM, name, found)
            outbox.put(tx, PLATFORM, templates.changed(before, _templates(tx)))


def show_templates(tools: Tools) -> None:
    """Tell the cloud row of all templates there are, and forget the offers of providers that the settings no longer
    have: once a start, for what a database that was lost or brought back does not know."""
    with tools.store.write() as tx:
        before = _templates(tx)
        for name in {each.provider for each in offer_rows.every(tx, PLATFORM)} - tools.providers.keys():
            offer_rows.replace(tx, PLATFORM, name, ())
        after = _templates(tx)
        outbox.put(tx, PLATFORM, [*templates.changed({}, after), *templates.changed(before, after)])


def _templates(tx: Transaction) -> dict[str, templates.Template]:
    """Without images that accounts have saved: those are their own."""
    return templates.offered(offer_rows.every(tx, PLATFORM), volumes.images(tx))


def end_what_is_over(tools: Tools) -> None:
    """Services past their time to live: cancelled if something is under way, released otherwise."""
    with tools.store.write() as tx:
        for service in services.expired(tx):
            _end(tx, service)


def _end(tx: Transaction, service: Service) -> None:
    discard = entities.get(tx, service.account, services.KIND, service.id).attributes.get("org.accords.discard")
    operations.end(tx, service, {"volumes": bool(discard)})
    log.info("service.expired", extra={"service": service.name})


def forget_what_is_old(tools: Tools) -> None:
    """Events, and what is left of services that were released long ago."""
    with tools.store.write(durable=False) as tx:
        gone = retention.prune(tx, tx.now - round(tools.settings.retention * 1_000_000))
    if gone:
        log.info("retention.pruned", extra={"rows": gone})


def have_errands_done(client: Client) -> None:
    """Have the cloud row do what it owes: it answers requests, and does nothing by itself."""
    try:
        client.post("cloud", "/errands", {})
    except RowDown as error:
        log.info("errands.later", extra={"why": error.message})
