"""Machines on and off. A guest is asked to shut down, and may not listen: that it was asked, for what and when, is kept
in its metadata, and whoever looks at it after its grace switches it off (`states.next_step`). So nobody waits, and it
holds across processes. A restart is a stop and a start."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import asdict

import libvirt

from providers.errors import Conflict, NotFound
from providers.kvm.documents import Element, element, written
from providers.kvm.domains import Domain, domain
from providers.kvm.states import Asked, Next, Told, is_off, next_step
from providers.kvm.wire import Session
from providers.protocol import Action

SPACE, KEY = "urn:accords:asked", "asked"
ELEMENT = libvirt.VIR_DOMAIN_METADATA_ELEMENT
CONFIG = libvirt.VIR_DOMAIN_AFFECT_CONFIG


def asked(document: Element) -> Asked | None:
    """What the machine was told, as its document keeps it."""
    try:
        found = json.loads(document.findtext(f"metadata/{{{SPACE}}}asked") or "")
        return Asked(Action(found["action"]), float(found["at"]))
    except (ValueError, LookupError, TypeError):
        return None


def tell(session: Session, found: Domain, told: Told, action: Action) -> None:
    match told:
        case Told.START:
            switch_on(session, found)
        case Told.SUSPEND:
            session.change(found.handle.suspend)
        case Told.RESUME:
            session.change(found.handle.resume)
        case Told.SHUT_DOWN:
            _remember(session, found, Asked(action, time.time()))
            session.change(found.handle.shutdown)
        case Told.NOTHING:
            pass


def go_on(session: Session, found: Domain, grace: float) -> Domain:
    """The machine, after what is due of a stop or a restart was done. The caller has its turn."""
    while True:
        now = session.ask(found.handle.state)
        match next_step(asked(found.document), now, time.time(), grace):
            case Next.SWITCH_OFF:
                switch_off(session, found)
            case Next.SWITCH_ON:
                switch_on(session, found)
                return domain(session, found.id)
            case Next.NOTHING | Next.WAIT:
                return found


def switch_on(session: Session, found: Domain) -> None:
    """What was asked before is forgotten once it runs: a start that fails leaves it to the next."""
    try:
        session.change(found.handle.create)
    except Conflict:
        if is_off(session.ask(found.handle.state)):
            raise
    if asked(found.document):
        _remember(session, found, None)


def switch_off(session: Session, found: Domain) -> None:
    """What is off, or gone, is fine."""
    try:
        session.change(found.handle.destroy)
    except NotFound:
        return
    except Conflict:
        with suppress(NotFound):
            if not is_off(session.ask(found.handle.state)):
                raise


def _remember(session: Session, found: Domain, what: Asked | None) -> None:
    text = written(element("asked", json.dumps(asdict(what)))) if what else None
    session.change(found.handle.setMetadata, ELEMENT, text, KEY, SPACE, CONFIG)
