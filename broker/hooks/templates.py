"""The templates of the cloud row, as a compute that is made with some finds them. What they are made of is the worker's
(`broker.templates`); that an account has one whose image is just being saved is said here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from broker.errors import Clash
from broker.services import Context
from broker.store import Record, Transaction, entities
from broker.templates import KIND, Template, entity_of, from_attributes, saved


def of(tx: Transaction, account: str, mixins: Sequence[str]) -> Mapping[str, Template]:
    """The templates among these mixins, by family; Clash for an image that is still being saved."""
    found = (entities.find(tx, account, KIND, entity_of(mixin)) for mixin in mixins)
    known = [from_attributes(record.attributes) for record in found if record is not None]
    for each in known:
        if each.pending:
            raise Clash(f"the image {each.title} is still being saved", hint="wait until its title says so no more")
    return {each.family: each for each in known}


def known(tx: Transaction, account: str) -> bool:
    """Whether any provider has offered anything yet that machines can be made of."""
    return bool(entities.page(tx, account, kind=KIND, limit=1).records)


def ids_of(tx: Transaction, account: str, mixins: Sequence[str]) -> frozenset[str]:
    """Those of these mixins that are templates."""
    return frozenset(each for each in mixins if entities.find(tx, account, KIND, entity_of(each)) is not None)


def announce(ctx: Context, name: str) -> Template:
    """A template of an image that is about to be saved, for everybody of the account to see."""
    made = saved(name, ctx.new_id())
    record = Record(ctx.account, KIND, entity_of(made.id), title=made.title, attributes=made.projection.attributes)
    with ctx.store.write() as tx:
        entities.insert(tx, record)
    return made


def withdraw(ctx: Context, template: Template) -> None:
    """Nobody saves it after all."""
    with ctx.store.write() as tx:
        entities.delete(tx, ctx.account, KIND, entity_of(template.id))
