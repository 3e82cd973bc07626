"""The consoles that somebody asked to see: one call each, at the next pass. Beside operations, not in them: a machine
that does not come up is looked at while its service is still being deployed.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from broker.store import consoles
from broker.store.consoles import Console
from broker.verbs import Tools
from providers.errors import ProviderError

log = logging.getLogger(__name__)

KEPT = 600_000_000
"""Microseconds for which an answer can be fetched."""
MOST = 64 * 1024
"""Characters that are kept of one, its end."""


def show(tools: Tools, provider: str) -> None:
    """Nothing is written where nobody asked."""
    with tools.store.read() as tx:
        waiting = consoles.waiting(tx, provider)
    for each in waiting:
        done = _looked(tools, each)
        with tools.store.write() as tx:
            consoles.answer(tx, replace(done, at=tx.now))
        log.info("console.shown", extra={"provider": provider, "machine": each.machine, "error": done.error})


def forget(tools: Tools) -> None:
    with tools.store.write(durable=False) as tx:
        consoles.forget(tx, tx.now - KEPT)


def _looked(tools: Tools, wanted: Console) -> Console:
    try:
        text = tools.provider(wanted.provider).console(wanted.machine, deadline=tools.settings.call_deadline)
    except ProviderError as error:
        return replace(wanted, error={"code": error.code, "message": error.message})
    return replace(wanted, text=text.replace("\0", "")[-MOST:])
