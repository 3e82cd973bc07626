"""one.vm.* and one.vmpool.*: machines from their allocation to their end. Changes to them are in `changes`."""

from __future__ import annotations

from tests.stands.opennebula import rendering
from tests.stands.opennebula.building import build
from tests.stands.opennebula.cloud import Cloud, mine
from tests.stands.opennebula.errors import Code, Refusal, wrong_state
from tests.stands.opennebula.pairs import first, merged, read
from tests.stands.opennebula.pools import chosen
from tests.stands.opennebula.records import Machine, User
from tests.stands.opennebula.states import ACTIONS, DELETE, DONE, RESUBMIT, State

ANY, NOT_DONE = -2, -1
"""The states that one.vmpool.info can be asked for, beside one of them."""
RECOVERIES = {3: DELETE, 4: RESUBMIT}
"""one.vm.recover: the operations that delete, and that delete and make anew."""


def allocate(cloud: Cloud, user: User, template: str, hold: bool = False) -> int:
    return build(cloud, user, read(template), hold=hold).id


def info(cloud: Cloud, user: User, id: int, decrypt: bool = False) -> str:
    """Also of a machine that is DONE: OpenNebula keeps them."""
    machine = found(cloud, user, id)
    return rendering.machine(machine, cloud.users[machine.uid], cloud.hosts)


def action(cloud: Cloud, user: User, name: str, id: int) -> int:
    """As the table of actions says; a reboot shows in no state."""
    machine = found(cloud, user, id)
    if name not in ACTIONS:
        raise Refusal(Code.ACTION, f'Virtual machine action "{name}" is not supported')
    path = ACTIONS[name].get(machine.place)
    if path is None:
        raise wrong_state(name, id, machine.place.word)
    if path[0] != machine.place:
        cloud.enter(machine, path)
    return id


def recover(cloud: Cloud, user: User, id: int, operation: int) -> int:
    """Only for who has VM:ADMIN; it ends a machine in whatever state."""
    machine = found(cloud, user, id)
    if not user.admin:
        raise Refusal(Code.AUTHORIZATION, f"User [{user.id}] : Not authorized to perform ADMIN VM [{id}].")
    if operation not in RECOVERIES or machine.place == DONE:
        raise Refusal(Code.ACTION, f"Recover action is not available for state {machine.place.word}")
    cloud.enter(machine, RECOVERIES[operation])
    return id


def rename(cloud: Cloud, user: User, id: int, name: str) -> int:
    found(cloud, user, id).name = name
    return id


def update(cloud: Cloud, user: User, id: int, template: str, append: int = 0) -> int:
    """USER_TEMPLATE, replaced (0) or merged (1): where tags are."""
    machine = found(cloud, user, id)
    machine.own = merged(machine.own, read(template)) if append else read(template)
    return id


def pool(  # noqa: PLR0917 - the API's order
    cloud: Cloud, user: User, who: int, start: int, end: int, state: int, pairs: str = ""
) -> str:
    """The short form."""
    return _pool(cloud, user, (who, start, end), state, pairs, short=True)


def pool_extended(  # noqa: PLR0917 - the API's order
    cloud: Cloud, user: User, who: int, start: int, end: int, state: int, pairs: str = ""
) -> str:
    return _pool(cloud, user, (who, start, end), state, pairs, short=False)


def found(cloud: Cloud, user: User, id: int) -> Machine:
    machine = cloud.machines.get(id)
    mine(machine, user, "virtual machine", id)
    assert machine is not None
    return machine


def _pool(cloud: Cloud, user: User, page: tuple[int, int, int], state: int, pairs: str, *, short: bool) -> str:
    wanted = [each for each in cloud.machines.values() if _in_state(each, state) and _has(each, pairs)]
    listed = chosen({each.id: each for each in wanted}, user, page)
    shown = [rendering.machine(each, cloud.users[each.uid], cloud.hosts, short=short) for each in listed]
    return rendering.pool("VM_POOL", shown)


def _in_state(machine: Machine, state: int) -> bool:
    if state == NOT_DONE:
        return machine.place.state is not State.DONE
    return state in (ANY, machine.place.state)


def _has(machine: Machine, pairs: str) -> bool:
    """The filter by `KEY=VALUE` of USER_TEMPLATE."""
    key, _, value = pairs.partition("=")
    return not pairs or first(machine.own, key.upper()) == value
