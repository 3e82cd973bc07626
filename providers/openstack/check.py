"""What keeps an OpenStack cloud from working for us, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial

from providers.errors import Auth, ProviderError
from providers.openstack.account import Account
from providers.openstack.errors import translating
from providers.openstack.images import image_id
from providers.openstack.offers import offers
from providers.protocol import Offering, Problem

LOGIN = "correct the credential in clouds.yaml, in OS_* or in the options; see docs/providers/openstack.md"
NEEDED = ("machines", "cores", "networks", "firewalls")
"""Quotas without which no service is deployed."""


def problems(account: Account, prices: Mapping[str, Decimal]) -> Sequence[Problem]:
    """Everything that is missing; only the login where that does not work."""
    refused = _said(lambda: account.project)
    if refused:
        mend = LOGIN if isinstance(refused, Auth) else "see that the cloud's identity service can be reached from here"
        return [Problem(refused.message, mend)]
    return [*_external(account), *_images(account), *_network(account), *_offers(account, prices)]


def _external(account: Account) -> Iterator[Problem]:
    refused = _said(account.external)
    if refused:
        yield Problem(refused.message, "set `external` in the provider's options")
    elif account.external() is None:
        yield Problem(
            "no network leads out", "ask the cloud's operator for an external network: machines call home by it"
        )


def _images(account: Account) -> Iterator[Problem]:
    for alias, wanted in account.options.images.items():
        refused = _said(partial(_image, account, wanted))
        if refused:
            yield Problem(f"image {alias} is {wanted}: {refused.message}", "name an image that is there in `images`")


def _image(account: Account, wanted: str) -> object:
    return account.images.get_image(image_id(account, wanted))


def _network(account: Account) -> Iterator[Problem]:
    name = account.options.network
    refused = _said(lambda: account.cloud.network.get_network(name)) if name else None
    if refused:
        yield Problem(f"network {name}: {refused.message}", "correct `network` in the provider's options")


def _offers(account: Account, prices: Mapping[str, Decimal]) -> Iterator[Problem]:
    """What is wrong with what it offers; a service that does not answer shows here."""
    found: list[Offering] = []
    refused = _said(lambda: found.extend(offers(account, prices)))
    if refused:
        yield Problem(
            refused.message, "see that this service is in the catalogue, runs, and may be asked by this account"
        )
        return
    if not found:
        yield Problem("no zone is up", "ask the cloud's operator: no availability zone is available")
    for offer in found[:1]:
        yield from _offered(offer)


def _offered(offer: Offering) -> Iterator[Problem]:
    if not offer.sizes:
        yield Problem("there are no sizes", "ask the cloud's operator for flavors")
    if not offer.images:
        yield Problem("there are no images", "upload one: `openstack image create`")
    for what in NEEDED:
        if offer.left.get(what) == 0:
            yield Problem(f"the quota of {what} is used up", "give something back, or ask the operator for more")


def _said(call: Callable[[], object]) -> ProviderError | None:
    """What went wrong with the call; None when nothing did."""
    try:
        with translating():
            call()
    except ProviderError as error:
        return error
    return None
