"""What the resources of one row share: its registry, its store, how it calls other rows, how it names entities."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from broker import addresses, auth
from broker.auth import Principal, Role
from broker.client import Client
from broker.occi import kinds
from broker.occi.registry import Registry
from broker.services import ROWS, Context, Hooks, Row
from broker.settings import Settings
from broker.store import PLATFORM, Store
from broker.web.marks import Marks
from broker.web.pages import Pages
from broker.web.references import References
from broker.web.tags import Registries

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_NO_HOOKS = Hooks()


@dataclass
class Site:
    """One row in this process. Nothing is opened before the first request: gunicorn forks after loading, and neither
    a database connection nor an HTTP one may cross a fork.

    `local` is filled with the applications of the rows that this process serves; `clock` stands for the database's.
    """

    row: Row
    settings: Settings
    key: str
    local: Mapping[str, WSGIApplication] = field(default_factory=dict)
    clock: Callable[[], int] | None = None
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())
    marks: Marks = field(default_factory=Marks)
    pages: Pages = field(default_factory=Pages)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def registries(self) -> Registries:
        return Registries(
            kinds.registry(self.row.name, compatible=self.settings.occi_1_1, bound=self.settings.bind_entity)
        )

    @cached_property
    def references(self) -> References:
        everything = kinds.registry(*(row.name for row in ROWS))
        return References(everything, Homes(self), addresses.public(self.settings, self.row.name))

    @cached_property
    def has_links(self) -> bool:
        """Whether any kind of this row is a link: elsewhere no entity's links need to be looked for."""
        return any(self.registries.base.is_link(kind) for kind in self.row.kinds)

    @property
    def store(self) -> Store:
        found = self.__dict__.get("_store")
        return found if found is not None else self._open_store()

    def _open_store(self) -> Store:
        with self._lock:
            if "_store" not in self.__dict__:
                url = self.settings.database.format(home=self.settings.home, row=self.row.name)
                self.__dict__["_store"] = Store.open(url, clock=self.clock, new_id=self.new_id)
            found: Store = self.__dict__["_store"]
            return found

    def now(self) -> int:
        """UTC microseconds, by the database's clock."""
        return self.store.now()

    @cached_property
    def client(self) -> Client:
        """As this row; `acting_for` an account for the rest."""
        token = auth.issue(self.key, Principal(self.row.name, PLATFORM, Role.SERVER))
        return Client(self.settings, token, local=self.local)

    def load(self) -> None:
        """Have Python load what stores and clients load when they are made and used first: drivers, the parts of httpx.
        Before a fork, so nothing stays open."""
        self.store.now()
        self.client.close()
        self.close()

    def close(self) -> None:
        for name in ("_store", "client"):
            if (found := self.__dict__.pop(name, None)) is not None:
                found.close()

    def registry(self, account: str, *, newest: bool = True) -> Registry:
        """The categories an account knows here; not `newest`: its own mixins perhaps as they were a moment ago."""
        return self.registries.of(self.store, account, newest=newest)

    def hooks(self, kind: str) -> Hooks:
        return self.row.hooks.get(kind, _NO_HOOKS)

    def context(
        self,
        principal: Principal,
        account: str,
        accept: str = "",
        query: Mapping[str, str] | None = None,
        body: Callable[[], bytes] = bytes,
    ) -> Context:
        return Context(
            store=self.store,
            settings=self.settings,
            principal=principal,
            account=account,
            now=self.now,
            new_id=self.new_id,
            client=self.client.acting_for(account),
            row=self.row,
            accept=accept,
            query=query or {},
            body=body,
        )


class Homes(Mapping[str, str]):
    """Kind -> the public address of its row. That of a row of another process is what it published, which another
    machine's settings cannot know."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._rows = {kind: row.name for row in ROWS for kind in row.kinds}
        self._configured = {name: addresses.public(site.settings, name) for name in set(self._rows.values())}

    def __getitem__(self, kind: str) -> str:
        row = self._rows[kind]
        elsewhere = row not in self._site.local and addresses.origin(self._site.settings) is None
        published = self._site.client.published(row) if elsewhere else ()
        return published[0] if published else self._configured[row]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
