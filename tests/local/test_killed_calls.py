"""A caller that is killed at every place of a call, and what the next one does: what walks do, on this machine itself.

A walk that goes on looks for what the call had made, by its token, and makes it if that is not there. One that gives
back looks likewise, and gives back what it finds: what is not found nobody asks for again.
"""

from __future__ import annotations

import json

import pytest

from providers.local import Local, open_local
from providers.protocol import FirewallSpec, Kind, MachineSpec, NetworkSpec, Rule, Spec, VolumeSpec
from tests.local.killing import kills
from tests.local.traces import traces

pytestmark = [pytest.mark.lxc, pytest.mark.slow, pytest.mark.timeout(900)]

TOKEN = "killed"
SPECS: dict[Kind, Spec] = {
    Kind.NETWORK: NetworkSpec("lan"),
    Kind.FIREWALL: FirewallSpec("rules", (Rule("tcp", 80, 80, "0.0.0.0/0"),)),
    Kind.VOLUME: VolumeSpec("data", 10**6),
    Kind.MACHINE: MachineSpec("node", "node", "linux", memory=128 * 1024**2),
}


def create(options: str, kind: Kind) -> None:
    _open(options).create(SPECS[kind], token=TOKEN, tags={}, deadline=30)


def delete(options: str, kind: Kind, id: str) -> None:
    _open(options).delete(kind, id, deadline=30)


def _open(options: str) -> Local:
    return open_local("local", **json.loads(options))


def give_back(local: Local, kind: Kind) -> None:
    found = local.find(kind, TOKEN, deadline=30)
    if found:
        local.delete(kind, found.id, deadline=30)


@pytest.mark.parametrize("kind", SPECS)
def test_a_create_that_was_killed_is_given_back_whole(local: Local, kind: Kind) -> None:
    for position in kills(create, local.site.options, kind):
        give_back(local, kind)
        assert traces(local.site) == {}, f"killed before change {position}"


@pytest.mark.parametrize("kind", SPECS)
def test_a_create_that_was_killed_is_made_once_by_asking_again(local: Local, kind: Kind) -> None:
    for position in kills(create, local.site.options, kind):
        create(local.site.options, kind)
        assert len(local.list({}, deadline=30)) == 1, f"killed before change {position}"
        give_back(local, kind)
        assert traces(local.site) == {}, f"killed before change {position}"


@pytest.mark.parametrize("kind", SPECS)
def test_a_delete_that_was_killed_is_finished_by_who_knows_only_the_token(local: Local, kind: Kind) -> None:
    made = local.create(SPECS[kind], token=TOKEN, tags={}, deadline=30)
    for position in kills(delete, local.site.options, kind, made.id):
        give_back(local, kind)
        assert traces(local.site) == {}, f"killed before change {position}"
        local.create(SPECS[kind], token=TOKEN, tags={}, deadline=30)
    give_back(local, kind)
