"""one.template.* and one.templatepool.*: what machines are instantiated from."""

from __future__ import annotations

from tests.stands.opennebula import building, rendering
from tests.stands.opennebula.cloud import Cloud, mine
from tests.stands.opennebula.errors import unallocated
from tests.stands.opennebula.pairs import first, merged, read, without
from tests.stands.opennebula.pools import chosen
from tests.stands.opennebula.records import Template, User

WHAT = "virtual machine template"


def allocate(cloud: Cloud, user: User, text: str) -> int:
    """Names may be given twice."""
    wanted = read(text)
    if not first(wanted, "NAME"):
        raise unallocated(WHAT, "NAME cannot be empty.")
    made = Template(cloud.next_id("template"), user.id, first(wanted, "NAME"), without(wanted, "NAME"), cloud.stamp())
    cloud.templates[made.id] = made
    return made.id


def instantiate(  # noqa: PLR0917 - the API's order
    cloud: Cloud,
    user: User,
    id: int,
    name: str = "",
    hold: bool = False,
    extra: str = "",
    persistent: bool = False,
) -> int:
    """A machine of it; what `extra` has replaces what the template has of that name."""
    template = _found(cloud, user, id)
    wanted = merged(template.attributes, read(extra))
    named = [*without(wanted, "NAME"), ("NAME", name), ("TEMPLATE_ID", str(id))]
    return building.build(cloud, user, named, hold=hold).id


def info(cloud: Cloud, user: User, id: int, extended: bool = False, decrypt: bool = False) -> str:
    template = _found(cloud, user, id)
    return rendering.template(template, cloud.users[template.uid])


def clone(cloud: Cloud, user: User, id: int, name: str, recursive: bool = False) -> int:
    template = _found(cloud, user, id)
    made = Template(cloud.next_id("template"), user.id, name, list(template.attributes), cloud.stamp())
    cloud.templates[made.id] = made
    return made.id


def update(cloud: Cloud, user: User, id: int, text: str, append: int = 0) -> int:
    template = _found(cloud, user, id)
    template.attributes = merged(template.attributes, read(text)) if append else read(text)
    return id


def delete(cloud: Cloud, user: User, id: int, recursive: bool = False) -> int:
    _found(cloud, user, id)
    del cloud.templates[id]
    return id


def pool(cloud: Cloud, user: User, who: int, start: int, end: int) -> str:
    listed = chosen(cloud.templates, user, (who, start, end))
    return rendering.pool("VMTEMPLATE_POOL", [rendering.template(each, cloud.users[each.uid]) for each in listed])


def _found(cloud: Cloud, user: User, id: int) -> Template:
    template = cloud.templates.get(id)
    mine(template, user, WHAT, id)
    assert template is not None
    return template
