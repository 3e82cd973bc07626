"""What keeps an azure provider from working, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from providers.azure.account import Account, found
from providers.azure.asking import image
from providers.azure.errors import translating
from providers.azure.offers import left, sizes
from providers.errors import Auth, NotFound, ProviderError
from providers.protocol import Problem

NEEDED = ("machines", "cores", "networks")
"""Of what there has to be something left."""


def problems(account: Account, prices: Mapping[str, Decimal]) -> Sequence[Problem]:
    """Whether it can log in, see the group, and has sizes, images, a network and room. What cannot be asked at all ends
    the list."""
    looks: tuple[Callable[[], Iterator[Problem]], ...] = (
        lambda: _group(account),
        lambda: _room(account),
        lambda: _sizes(account, prices),
        lambda: _images(account),
        lambda: _network(account),
    )
    told: list[Problem] = []
    for look in looks:
        try:
            with translating():
                told.extend(look())
        except ProviderError as error:
            return [*told, Problem(error.message, _mend(account, error))]
    return told


def _group(account: Account) -> Iterator[Problem]:
    """Lists of the group are refused where it, or the right to it, is not there."""
    list(account.compute.virtual_machines.list(account.group))
    list(account.network.virtual_networks.list(account.group))
    yield from ()


def _room(account: Account) -> Iterator[Problem]:
    has = left(account)
    for name in NEEDED:
        if has.get(name) == 0:
            yield Problem(f"no {name} are left in {account.options.location}", "ask Azure for more, or give some back")


def _sizes(account: Account, prices: Mapping[str, Decimal]) -> Iterator[Problem]:
    if not sizes(account, prices):
        patterns = ", ".join(account.options.sizes)
        yield Problem(
            f"no size in {account.options.location} is called {patterns} and free for this subscription",
            "correct `sizes`, or choose another region",
        )


def _images(account: Account) -> Iterator[Problem]:
    for alias, id in account.options.images.items():
        if not _is_there(account, id):
            yield Problem(f"the image {id}, called {alias}, is not in {account.options.location}", "correct `images`")


def _is_there(account: Account, id: str) -> bool:
    words, place = image(account, id), account.options.location
    try:
        with translating():
            if "id" in words:
                return found(lambda: account.compute.images.get(account.group, id)) is not None
            four = (words["publisher"], words["offer"], words["sku"])
            versions = account.compute.virtual_machine_images.list(place, *four)
    except NotFound:
        return False
    return words["version"] == "latest" or any(each.name == words["version"] for each in versions)


def _network(account: Account) -> Iterator[Problem]:
    name = account.options.network
    if name and found(lambda: account.network.virtual_networks.get(account.group, name)) is None:
        yield Problem(f"the network {name} is not in the group", "make it, or correct `network`")


def _mend(account: Account, error: ProviderError) -> str:
    if (isinstance(error, Auth) and "AuthorizationFailed" in error.message) or "authorization" in error.message:
        return f"give this principal the role Contributor on the resource group {account.group}"
    if isinstance(error, Auth):
        return "correct tenant, client and secret, or log in with az"
    if "ResourceGroupNotFound" in error.message or "Resource group" in error.message:
        return f"make the resource group, or correct `group`: az group create -n {account.group}"
    return "correct the settings of this provider, or look at https://status.azure.com"
