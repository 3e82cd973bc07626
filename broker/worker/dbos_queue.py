"""DBOS between the store and the workers: an engine that gives whole operations to workers on many hosts, over the
service row's PostgreSQL. Loaded only where the setting `worker_queue` says so.

It carries leases and owns nothing. A worker that sees an operation takes it from the store, in the queue's name
(`QUEUED`), and hands the lease on as a DBOS workflow, whose id is the operation and the epoch. Whichever worker DBOS
gives it to has the lease handed over to itself, which the store allows once, and walks.

    what DBOS lost        its lease runs out: taken again, with the next epoch, as another workflow
    what it gives twice   the lease is no longer the queue's: nothing happens
    what it gives late    the epoch has moved on: nothing happens
    DBOS does not answer  who would have handed on walks himself, while tables that are gone are made anew

DBOS' own recovery is off: each process is an executor of its own, whose workflows no later one looks for, and there is
no conductor. What it has recorded is forgotten after an hour.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from datetime import UTC, datetime, timedelta

from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions, error
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from broker.errors import LeaseLost, Misconfigured, Missing
from broker.settings import Settings
from broker.store import Lease, Store, operations
from broker.worker.walks import SIDE_BY_SIDE, Walks

log = logging.getLogger(__name__)

QUEUED = "dbos"
"""Who holds the lease of what is on its way."""
AT_ONCE = 64
"""Leases on their way: more would run out before somebody has a place."""
LOOKS = 0.1
"""Seconds between two looks of DBOS at its queue: it does not listen for what is enqueued."""
KEPT = 3600.0
"""Seconds that DBOS remembers what it gave."""
NAME, VERSION, WALK = "accords", "1", "walk"
"""Ours at DBOS. The version stays: a new release of ours goes on with what an older one handed on."""

_FAILURES = (SQLAlchemyError, error.DBOSException)
_PEER = {"connect_timeout": "5", "tcp_user_timeout": "30000"}  # as the store's own connections have it


class DbosQueue:
    """There is one DBOS a process, and so one of these. `owner` is how leases and DBOS' executors name this worker."""

    def __init__(self, settings: Settings, store: Store, owner: str, walks: Walks) -> None:
        self._store = store
        self._owner = owner
        self._seconds = settings.lease
        self._walks = walks
        self._url, self._schema = _where(settings)
        self._client = DBOSClient(
            system_database_url=self._url,
            dbos_system_schema=self._schema,
            application_name=NAME,
            system_database_pool_size=1,
            lazy=True,
            retry_connection_errors=False,
        )
        self._forget_at = 0.0
        self._mending = threading.Lock()

    def start(self) -> None:
        logging.getLogger("dbos").addHandler(logging.NullHandler())  # or it would print lines of its own beside ours
        DBOS(
            config=DBOSConfig(
                name=NAME,
                system_database_url=self._url,
                dbos_system_schema=self._schema,
                application_version=VERSION,
                executor_id=self._owner,
                sys_db_pool_size=SIDE_BY_SIDE,
                use_listen_notify=False,
                log_level="ERROR",  # what fails is tried again, and said by us
            )
        )

        @DBOS.workflow(name=WALK, max_recovery_attempts=None)
        def walk(account: str, operation: str, epoch: int) -> None:
            self._walks.walk(lambda: self._handed_over(account, operation, epoch))

        DBOS.listen_queues([NAME])
        DBOS.launch()
        self._register()

    def take(self) -> bool:
        left_to_us = self._walks.begin(self._hand_on)
        if left_to_us and self._mending.acquire(blocking=False):
            threading.Thread(target=self._mend, daemon=True).start()
        return left_to_us

    def end(self, seconds: float) -> None:
        """DBOS gives nothing more from now on; its threads may take longer to end than anybody waits."""
        ends = time.monotonic() + seconds
        patience = {"workflow_completion_timeout_sec": math.ceil(seconds)}
        ending = threading.Thread(target=DBOS.destroy, kwargs=patience, daemon=True)
        ending.start()
        self._walks.end(seconds)
        ending.join(max(0.0, ends - time.monotonic()))

    def _hand_on(self) -> Lease | None:
        """All that waits, while DBOS has it; the first that it has not, for this worker to walk."""
        while (lease := self._next()) is not None:
            if not self._enqueue(lease):
                return self._handed_over(lease.operation.account, lease.operation.id, lease.epoch)
        return None

    def _next(self) -> Lease | None:
        with self._store.write() as tx:
            if operations.held_by(tx, QUEUED) >= AT_ONCE:
                return None
            return operations.take(tx, QUEUED, self._seconds)

    def _enqueue(self, lease: Lease) -> bool:
        if self._mending.locked():
            return False
        operation = lease.operation
        options = EnqueueOptions(
            workflow_name=WALK, queue_name=NAME, workflow_id=f"{operation.id}.{lease.epoch}", app_version=VERSION
        )
        try:
            self._client.enqueue(options, operation.account, operation.id, lease.epoch)
            self._forget()
        except _FAILURES as found:
            _failed(found)
            return False
        return True

    def _handed_over(self, account: str, operation: str, epoch: int) -> Lease | None:
        try:
            with self._store.write() as tx:
                return operations.hand_over(
                    tx, account, operation, epoch, giver=QUEUED, owner=self._owner, seconds=self._seconds
                )
        except (LeaseLost, Missing):
            log.info("queue.late", extra={"queue": QUEUED, "operation": operation, "epoch": epoch})
            return None

    def _mend(self) -> None:
        """Make what DBOS needs, if it is gone, which takes it some seconds. Nothing that it knew is missed."""
        try:
            DBOS.migrate(self._url, schema=self._schema)
            self._register()
            log.info("queue.mended", extra={"queue": QUEUED})
        except _FAILURES as found:
            _failed(found)
        finally:
            self._mending.release()

    def _register(self) -> None:
        self._client.register_queue(
            NAME, worker_concurrency=SIDE_BY_SIDE, polling_interval_sec=LOOKS, application_name=NAME
        )

    def _forget(self) -> None:
        """What was handed on more than an hour ago, however that ended: the journal knows."""
        if time.monotonic() < self._forget_at:
            return
        self._forget_at = time.monotonic() + KEPT / 10
        before = (datetime.now(UTC) - timedelta(seconds=KEPT)).isoformat()
        old = self._client.list_workflows(end_time=before, limit=1000, load_input=False, load_output=False)
        self._client.delete_workflows([each.workflow_id for each in old])


def _failed(found: Exception) -> None:
    log.warning("queue.failed", extra={"queue": QUEUED, "error": str(found).partition("\n")[0]})


def _where(settings: Settings) -> tuple[str, str]:
    """The service row's database, and a schema of DBOS' own beside the row's."""
    url = make_url(settings.database.format(home=settings.home, row="service"))
    if url.get_backend_name() != "postgresql":
        raise Misconfigured(
            "worker_queue is dbos, and the database is no PostgreSQL",
            hint="workers on one machine need no queue: leave the setting at `store`",
        )
    schema = url.query.get("schema")
    found = url.difference_update_query(["schema"]).update_query_dict(_PEER)
    return found.render_as_string(hide_password=False), f"{schema}_dbos" if schema else "dbos"
