"""What services share: who is counted, and how often."""

from __future__ import annotations

import uuid

from broker.store import Service, Store, services, sharing


def test_a_user_is_counted_once_until_it_leaves(store: Store) -> None:
    with store.write() as tx:
        shared, one = (services.create(tx, Service("ann", str(uuid.uuid4()), name)) for name in ("cache", "one"))
        sharing.make(tx, "ann", "/cache", shared.id, "cache")
        for _ in range(2):
            sharing.join(tx, "ann", "/cache", one.id, "cache")
        assert [(user.name, user.running) for user in sharing.users_of(tx, "ann", "/cache")] == [("one", True)]
        sharing.pause(tx, "ann", "/cache", one.id, "cache")
        assert [user.running for user in sharing.users_of(tx, "ann", "/cache")] == [False]
        assert [instance.service for _, instance in sharing.used_by(tx, "ann", one.id)] == [shared.id]
        sharing.leave(tx, "ann", "/cache", one.id, "cache")
        assert sharing.users_of(tx, "ann", "/cache") == ()
        sharing.end(tx, "ann", shared.id)
        assert sharing.find(tx, "ann", "/cache") is None


def test_another_account_shares_nothing_of_this_one(store: Store) -> None:
    with store.write() as tx:
        shared = services.create(tx, Service("ann", str(uuid.uuid4()), "cache"))
        sharing.make(tx, "ann", "/cache", shared.id, "cache")
        assert sharing.find(tx, "bob", "/cache") is None
        assert sharing.of_service(tx, "bob", shared.id) is None
