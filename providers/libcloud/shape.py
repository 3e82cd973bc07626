"""What a cloud can do, read off its driver's class: which methods it has of its own, which arguments they take. Pure.

`NodeDriver`, their base, has every method of the base API, and each raises NotImplementedError until a driver has its
own. Beyond it there are methods and arguments that many drivers have under one name; these are in the tables here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from libcloud.compute.base import NodeDriver

from providers.protocol import Ability, Action

BASE = ("list_nodes", "create_node", "destroy_node", "list_sizes", "list_images")
"""Without these no machine is made."""
VOLUMES = ("create_volume", "list_volumes", "attach_volume", "destroy_volume")
NEEDED: Mapping[Ability, Sequence[str]] = {
    Ability.VOLUMES: VOLUMES,
    Ability.DEVICES: VOLUMES,
    Ability.SNAPSHOTS: ("create_image", "list_images", "delete_image"),
    Ability.KEYS: ("import_key_pair_from_string", "list_key_pairs", "delete_key_pair"),
    Ability.SUSPEND: ("ex_suspend_node", "ex_resume_node"),
    Ability.CONSOLE: ("ex_get_console_output",),
}
ACTIONS: Mapping[Action, Sequence[str]] = {
    Action.START: ("start_node", "ex_start_node", "ex_start", "ex_power_on_node"),
    Action.STOP: ("stop_node", "ex_stop_node", "ex_stop", "ex_shutdown_node", "ex_power_off_node"),
    Action.RESTART: ("reboot_node",),
    Action.SUSPEND: ("ex_suspend_node",),
    Action.RESUME: ("ex_resume_node",),
}
"""What does it; the first that there is."""

# Arguments of create_node, of create_volume: the words that drivers have for one thing.
USER_DATA = ("ex_userdata", "ex_user_data", "ex_customdata", "ex_custom_data", "cloud_init", "userdata")
METADATA = ("ex_metadata",)
KEY_NAME = ("ex_keyname", "ex_keypair_name")
ZONE = ("ex_availability_zone",)
HOSTNAME = ("ex_hostname",)
TOKEN = ("ex_clienttoken", "ex_client_token")
LOCATION = ("location",)
AUTH = ("auth",)
VOLUME_TYPE = ("ex_volume_type", "volume_type")


def has(cls: type, *methods: str) -> bool:
    """Whether it has all of these of its own."""
    return all(_own(cls, each) for each in methods)


def word(cls: type, method: str, words: Sequence[str]) -> str | None:
    """The first of these arguments that a method takes by name."""
    taken = _arguments(cls, method)
    return next((each for each in words if each in taken), None)


def method(cls: type, names: Sequence[str]) -> str | None:
    """The first of these that it has of its own."""
    return next((each for each in names if _own(cls, each)), None)


def takes_keys(cls: type) -> bool:
    """Whether create_node takes a public key as such."""
    features: Mapping[str, Sequence[str]] = getattr(cls, "features", {})
    return "ssh_key" in features.get("create_node", ()) and word(cls, "create_node", AUTH) is not None


def abilities(cls: type) -> frozenset[Ability]:
    found = {ability for ability, methods in NEEDED.items() if has(cls, *methods)}
    nameless = word(cls, "create_node", KEY_NAME) is None and not takes_keys(cls)
    return frozenset(found - ({Ability.KEYS} if nameless else set()))


def must(cls: type, method: str, argument: str) -> bool:
    """Whether a method cannot be called without this argument."""
    found = inspect.signature(getattr(cls, method)).parameters.get(argument)
    return found is not None and found.default is found.empty


def _own(cls: type, name: str) -> bool:
    """A method that takes less than the base's is there to say that there is none (libcloud's azure)."""
    found, base = getattr(cls, name, None), getattr(NodeDriver, name, None)
    return callable(found) and found is not base and (base is None or _takes(found, base))


def _takes(found: Callable[..., object], base: Callable[..., object]) -> bool:
    """Whether it can be called with what the base's must be called with."""
    needed = [each for each in inspect.signature(base).parameters.values() if each.default is each.empty]
    taken = inspect.signature(found).parameters.values()
    many = any(each.kind in {each.VAR_POSITIONAL, each.VAR_KEYWORD} for each in taken)
    return many or len(taken) >= sum(each.kind is each.POSITIONAL_OR_KEYWORD for each in needed)


@lru_cache(maxsize=256)
def _arguments(cls: type, method: str) -> frozenset[str]:
    return frozenset(inspect.signature(getattr(cls, method)).parameters) if _own(cls, method) else frozenset()
