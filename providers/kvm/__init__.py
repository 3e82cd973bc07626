"""KVM, by libvirt: one host's machines, networks, filters and storage pool.

What a token makes has an UUID that follows from the token: libvirt itself refuses a second thing of it under another
name, and whoever asks again finds the first. libvirt keeps our tags as metadata of machines and networks; of the rest
they are kept in small files of the storage pool (`records`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.kvm.options import Options
from providers.opening import settings_of

if TYPE_CHECKING:
    from providers.kvm.driver import KVM

__all__ = ["Options", "open_kvm"]


def open_kvm(name: str, **options: object) -> KVM:
    """The provider instance `name`; `options` are the fields of `Options`. Nothing is asked of libvirt yet. Refused,
    naming each option that is wrong."""
    from providers.kvm.driver import KVM  # what the settings are is known without libvirt's binding

    with settings_of(name):
        return KVM(name, Options.model_validate(options))
