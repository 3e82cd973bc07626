"""The promises of `providers.protocol` on what goes wrong between a driver and its cloud, for every driver whose cloud
is reached by a wire: its errors never cross the edge, no call outlives its deadline, nobody who may not look is told
that there is nothing, and threads may share it.

`fake` in memory and `local` have no wire: what they promise of time is in `test_contract_things` (a call without time,
a call in a hurry).
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers import Provider
from providers.ec2.driver import Ec2
from providers.errors import Ambiguous, Auth, NotFound, ProviderError, Unavailable
from providers.openstack.driver import OpenStack
from providers.protocol import Kind, VolumeSpec
from tests.providers.between import SLOW, Asked, Fault
from tests.providers.cloud import DEADLINE, Cloud, surely
from tests.providers.lab import LONG
from tests.providers.targets import Missing, absent
from tests.providers.wired import CALLS, CHANGES, OTHERS, READS, Wired, wired

SHORT = 0.3
"""The deadline of a call that nobody answers, in seconds."""
MARGIN = 5.0
"""Seconds after its deadline in which a call ends on a machine that has much to do. The proxy waits for a minute."""
HTML, JSON, XML = ({"Content-Type": each} for each in ("text/html", "application/json", "text/xml"))
PAGE = b"<html><head><title>Gateway</title></head><body>It does not work.</body></html>"
ANSWERS: Mapping[str, Fault] = {
    "a gateway's page": Fault(asked=False, status=502, headers=HTML, body=PAGE),
    "a page that all is well": Fault(asked=False, status=200, headers=HTML, body=PAGE),
    "a page that nothing is here": Fault(asked=False, status=404, headers=HTML, body=PAGE),
    "nothing": Fault(asked=False, status=200, headers=JSON, body=b""),
    "nothing, and well": Fault(asked=False, status=204, body=b""),
    "other JSON": Fault(asked=False, status=200, headers=JSON, body=b'{"surprise": [1, 2]}'),
    "a list": Fault(asked=False, status=200, headers=JSON, body=b"[]"),
    "a word": Fault(asked=False, status=200, headers=JSON, body=b'"yes"'),
    "half of some JSON": Fault(asked=False, status=200, headers=JSON, body=b'{"value": [{"id": "'),
    "other XML": Fault(asked=False, status=200, headers=XML, body=b"<surprise><item/></surprise>"),
    "half of some XML": Fault(asked=False, status=200, headers=XML, body=b"<methodResponse><params>"),
    "bytes": Fault(asked=False, status=200, body=bytes(range(256))),
    "a redirect": Fault(asked=False, status=302, headers={"Location": "http://127.0.0.1:9/login"}, body=PAGE),
    "a redirect to nowhere": Fault(asked=False, status=301, body=b""),
    "an error without words": Fault(asked=False, status=500, body=b""),
    "an error of another's": Fault(asked=False, status=400, headers=JSON, body=b'{"error": "strange"}'),
}
LATE = (pytest.mark.slow, pytest.mark.timeout(LONG))
NAMES = (
    pytest.param("server", id="fake-server"),
    pytest.param("azure", id="azure"),
    pytest.param("opennebula", id="opennebula"),
    pytest.param("occi", id="occi", marks=LATE),
    pytest.param("openstack", id="openstack", marks=LATE),
    pytest.param("moto", id="ec2-moto", marks=LATE),
    pytest.param("ministack", id="ec2-ministack", marks=LATE),
)


@pytest.fixture(scope="module", params=NAMES)
def at(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wired]:
    with ExitStack() as stack:
        try:
            yield stack.enter_context(wired(request.param, tmp_path_factory.mktemp(request.param)))
        except Missing as reason:
            absent(request.param, reason, os.environ)


@pytest.mark.parametrize("said", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("call", CALLS)
def test_what_is_no_answer_is_an_error_of_ours_and_no_news_of_a_thing(at: Wired, call: str, said: Fault) -> None:
    """Least of all that it is not there: it would be made a second time."""
    with at.saying(lambda asked: said):
        if call in OTHERS or call == "delete":  # whoever gives back looks until it is gone
            with suppress(ProviderError):
                CALLS[call](at, 5.0)
            return
        error = surely(lambda: CALLS[call](at, 5.0))
    assert not isinstance(error, NotFound)
    assert (error.provider, bool(error.message)) == (at.provider.name, True)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    call=st.sampled_from(sorted(CALLS)),
    status=st.sampled_from([200, 201, 202, 204, 400, 401, 403, 404, 409, 412, 429, 500, 503]),
    headers=st.sampled_from(
        [HTML, JSON, XML, {"Retry-After": "soon"}, {"Content-Type": "application/json; charset=x"}]
    ),
    body=st.one_of(
        st.binary(max_size=60),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["error", "value", "code", "message", "servers", "result"]), inner)
            ),
            max_leaves=6,
        ).map(lambda found: json.dumps(found).encode()),
    ),
)
def test_whatever_is_answered_only_our_errors_leave(
    at: Wired, call: str, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    with (
        at.saying(lambda asked: Fault(asked=False, status=status, headers=headers, body=body)),
        suppress(ProviderError),
    ):
        CALLS[call](at, 5.0)


@pytest.mark.parametrize("call", CALLS)
def test_no_call_outlives_its_deadline(at: Wired, call: str) -> None:
    """Nobody answers. What may have been carried out is said to be so."""
    began = time.monotonic()
    with at.saying(lambda asked: SLOW if call not in CHANGES else Fault(asked=False, waits=True)):
        try:
            CALLS[call](at, SHORT)
        except ProviderError as error:
            assert error.retryable or call not in {*READS, *CHANGES}
        took = time.monotonic() - began
    assert took < SHORT + MARGIN


def test_a_deadline_is_that_of_all_requests_of_a_call_together(at: Wired) -> None:
    """Each of them is answered, late: a list takes many."""

    def slowly(asked: Asked) -> None:
        time.sleep(0.15)

    began = time.monotonic()
    with at.saying(slowly), suppress(Unavailable, Ambiguous):
        at.provider.list(at.cloud.tags, deadline=SHORT)
    assert time.monotonic() - began < SHORT + MARGIN


@pytest.mark.parametrize("call", READS)
def test_who_may_not_look_is_told_so_and_not_that_there_is_nothing(at: Wired, call: str) -> None:
    assert at.line.refused is not None
    with at.saying(at.line.refused):
        error = surely(lambda: READS[call](at, DEADLINE))
    assert isinstance(error, Auth | Unavailable), error
    assert READS[call](at, DEADLINE), "it works again"


def test_threads_may_share_a_driver(at: Wired) -> None:
    _shared(at.cloud, threads=8 if _is_quick(at.provider) else 4, rounds=4 if _is_quick(at.provider) else 2)


def test_what_a_library_does_not_let_threads_share_each_has_for_itself(at: Wired) -> None:
    """openstacksdk's connection, libcloud's driver. Azure's clients may be shared; the others have no library."""
    own = _own(at.provider)
    barrier = threading.Barrier(4, timeout=30)

    def taken(_: int) -> int:
        at.provider.list(at.cloud.tags, deadline=DEADLINE)
        barrier.wait()  # all are alive: an id is nobody else's
        return own()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(taken, range(4)))) == (4 if isinstance(at.provider, Ec2 | OpenStack) else 1)


def _own(provider: Provider) -> Callable[[], int]:
    if isinstance(provider, Ec2):
        return lambda: id(provider._wire._own.driver)
    if isinstance(provider, OpenStack):
        return lambda: id(provider._account.cloud)
    return lambda: 0


def _is_quick(provider: Provider) -> bool:
    return provider.driver in ("fake", "opennebula", "azure")


def _shared(cloud: Cloud, *, threads: int, rounds: int) -> None:
    """Each makes, finds, marks, lists and gives back things of its own, five calls a round, and sees no others."""

    def work(number: int) -> None:
        for turn in range(rounds):
            mine = {"accords-node": f"n{number}-{turn}"}
            token = cloud.token(f"s{number}x{turn}x")
            made = cloud.make(VolumeSpec(cloud.name(f"v{number}-{turn}"), size=64 * 1024**2), token, **mine)
            found = cloud.provider.find(Kind.VOLUME, token, deadline=DEADLINE)
            assert found is not None
            assert found.id == made.id
            assert cloud.retag(made, {"accords-step": str(turn)}).tags["accords-step"] == str(turn)
            assert [each.id for each in cloud.list(**mine)] == [made.id]
            cloud.delete(made)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    assert Kind.VOLUME not in {each.kind for each in cloud.list()}
