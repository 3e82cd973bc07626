"""Public keys by name: a record is all that they are; the seed of a machine carries them into it."""

from __future__ import annotations

from collections.abc import Mapping

from providers.errors import Refused
from providers.kvm.marks import Marks
from providers.kvm.recorded import Seen
from providers.kvm.wire import Session
from providers.protocol import KeySpec, Kind, State

WORDS = 2
"""Of OpenSSH's one-line form: what sort of key, and the key."""


class Keys:
    kind = Kind.KEY

    def kept(self, session: Session, spec: KeySpec) -> Mapping[str, str]:
        if len(spec.public_key.split()) < WORDS or "\n" in spec.public_key.strip():
            raise Refused(f"key {spec.name} is no public key in OpenSSH's one-line form")
        return {"key": spec.public_key.strip()}

    def make(self, session: Session, id: str, marks: Marks) -> None:
        """Its record has been written."""

    def see(self, session: Session, id: str, marks: Marks) -> Seen:
        return State.ACTIVE, {}

    def remove(self, session: Session, id: str) -> None:
        """Machines have a copy."""
