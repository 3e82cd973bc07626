"""What belongs together: one service, or one group where another broker asked for it."""

from __future__ import annotations

from broker.hooks import chained
from broker.store import Record
from providers.groups import GROUP, scope

SERVICE = {"accords-installation": "i", "accords-service": "s"}


def tagged(**tags: str) -> Record:
    attributes = {chained.TAGS: {f"accords-{name}": value for name, value in tags.items()}}
    return Record("ward", "kind", "1", attributes=attributes, mixins=(chained.TAGGED,))


def test_things_of_one_service_belong_together_whatever_node_they_are_of() -> None:
    assert scope({**SERVICE, "accords-node": "web"}) == scope({**SERVICE, "accords-node": "db"}) == SERVICE


def test_a_group_is_what_counts_where_there_is_one() -> None:
    assert scope({**SERVICE, GROUP: "g"}) == scope({"accords-service": "another", GROUP: "g"}) == {GROUP: "g"}


def test_a_group_is_that_of_the_service_over_there_and_the_same_along_a_chain() -> None:
    first = chained.group(tagged(installation="i", service="s", node="web"))
    assert len(first) == 26
    assert first == chained.group(tagged(installation="i", service="s", node="db"))
    assert first != chained.group(tagged(installation="j", service="s"))
    assert chained.group(tagged(installation="next", service="another", group=first)) == first


def test_what_no_broker_asked_for_has_no_group() -> None:
    assert chained.group(Record("ward", "kind", "1")) == chained.group(tagged(account="ward")) == ""
