"""What the generic driver makes of libcloud's drivers: what they can do, what they say, what they send."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from libcloud.common.exceptions import BaseHTTPError
from libcloud.common.types import InvalidCredsError, LibcloudError
from libcloud.compute.drivers.azure import AzureNodeDriver
from libcloud.compute.drivers.cloudstack import CloudStackNodeDriver
from libcloud.compute.drivers.dummy import DummyNodeDriver
from libcloud.compute.drivers.ec2 import EC2NodeDriver
from libcloud.compute.drivers.openstack import OpenStack_2_NodeDriver

from providers import open_provider
from providers.errors import Ambiguous, Auth, Conflict, NotFound, ProviderError, Quota, Refused, Throttled, Unavailable
from providers.libcloud import names, shape
from providers.libcloud.driver import LibCloud
from providers.libcloud.errors import translated
from providers.libcloud.ledger import Ledger, Row
from providers.libcloud.options import DEVICES, seen_as
from providers.libcloud.wire import Heard
from providers.protocol import Ability, Action, FirewallSpec, Kind, MachineSpec, NetworkSpec
from tests.providers.between import Fault
from tests.providers.cloud import surely
from tests.providers.nodes import dummy_options
from tests.providers.paper import TOKEN, Answer, Paper
from tests.providers.test_contract_promises import ANSWERS

TAGS = {"accords-installation": "here", "note": "é"}
WEB = MachineSpec("Web 1", "web", "1", size="small", user_data="#cloud-config\n")
USUAL = frozenset({Ability.VOLUMES, Ability.DEVICES, Ability.SNAPSHOTS, Ability.KEYS, Ability.CONSOLE})


Call = Callable[[LibCloud, str], object]
CALLS: Mapping[str, Call] = {
    "offers": lambda provider, id: provider.offers(deadline=5.0),
    "find": lambda provider, id: provider.find(Kind.MACHINE, TOKEN, deadline=5.0),
    "observe": lambda provider, id: provider.observe(Kind.MACHINE, id, deadline=5.0),
    "list": lambda provider, id: provider.list(TAGS, deadline=5.0),
    "create": lambda provider, id: provider.create(WEB, token="u" * 26, tags=TAGS, deadline=5.0),
    "act": lambda provider, id: provider.act(Kind.MACHINE, id, Action.RESTART, deadline=5.0),
    "retag": lambda provider, id: provider.retag(Kind.MACHINE, id, {"note": "new"}, deadline=5.0),
    "delete": lambda provider, id: provider.delete(Kind.MACHINE, id, deadline=5.0),
}


@given(st.text(max_size=80), st.from_regex(r"[a-z0-9]{1,40}", fullmatch=True))
def test_a_name_at_the_cloud_is_a_hosts_and_tells_the_token(name: str, token: str) -> None:
    marked = names.marked(name, token)
    assert len(marked) <= 63
    assert marked[0].isalpha()
    assert all(each.isascii() and (each.isalnum() or each == "-") for each in marked)
    found = names.read(marked)
    assert found is not None
    assert found.token == token


@given(st.text(max_size=80))
def test_a_name_of_others_is_none_of_ours_or_says_so(name: str) -> None:
    assert names.read(name) is None or "-accords-" in name


def test_a_token_that_no_name_can_hold_is_refused() -> None:
    with pytest.raises(Refused, match="cannot be in a name"):
        names.marked("web", "a/b")


@pytest.mark.parametrize(
    ("cls", "able"),
    [
        (OpenStack_2_NodeDriver, USUAL | {Ability.SUSPEND}),
        (EC2NodeDriver, USUAL),
        (DummyNodeDriver, frozenset()),
        (AzureNodeDriver, frozenset()),  # it has these methods to say that it has them not
    ],
)
def test_what_a_cloud_can_do_is_read_off_its_driver(cls: type, able: frozenset[Ability]) -> None:
    assert shape.abilities(cls) == able


def test_what_drivers_call_differently_is_found() -> None:
    assert shape.method(CloudStackNodeDriver, shape.ACTIONS[Action.STOP]) == "ex_stop"
    assert shape.method(DummyNodeDriver, shape.ACTIONS[Action.STOP]) is None
    assert shape.word(EC2NodeDriver, "create_node", shape.TOKEN) == "ex_clienttoken"
    assert shape.word(DummyNodeDriver, "create_node", shape.USER_DATA) is None
    assert shape.must(EC2NodeDriver, "attach_volume", "device")
    assert not shape.must(OpenStack_2_NodeDriver, "attach_volume", "device")


@pytest.mark.parametrize(
    ("error", "heard", "ours"),
    [
        (InvalidCredsError(), Heard(1), Auth),
        (BaseHTTPError(404, "no such node"), Heard(1), NotFound),
        (BaseHTTPError(403, "Quota exceeded for cores"), Heard(1), Quota),
        (BaseHTTPError(400, "the volume is in-use"), Heard(1), Conflict),
        (BaseHTTPError(422, "size is missing"), Heard(1), Refused),
        (BaseHTTPError(503, "later"), Heard(1), Unavailable),
        (BaseHTTPError(500, "oh"), Heard(1), Ambiguous),
        (Exception("something"), Heard(1, 409), Conflict),
        (KeyError("servers"), Heard(1, 200), Ambiguous),
        (LibcloudError("a key is missing"), Heard(), Refused),
        (NotImplementedError("never"), Heard(), Refused),
    ],
)
def test_libclouds_errors_are_ours(error: Exception, heard: Heard, ours: type[ProviderError]) -> None:
    assert type(translated(error, heard)) is ours


def test_an_error_of_ours_is_not_lost_in_libclouds() -> None:
    ours = Ambiguous("no answer")
    theirs = LibcloudError("cannot log in")
    theirs.__context__ = ours
    assert translated(theirs, Heard(1)) is ours


def test_what_is_remembered_outlives_the_process(tmp_path: Path) -> None:
    first = Ledger(tmp_path / "own" / "a.sqlite")
    first.begin(Kind.MACHINE, Row("t1", None, "web", TAGS, {"volumes": ["v1"]}))
    first.made(Kind.MACHINE, "t1", "7")
    first.begin(Kind.VOLUME, Row("t1", "9", "data", {}))
    first.close()
    assert Ledger(tmp_path / "own" / "a.sqlite").of(Kind.MACHINE) == [Row("t1", "7", "web", TAGS, {"volumes": ["v1"]})]


def test_a_machine_is_made_with_its_token_in_its_name_and_its_user_data() -> None:
    paper = Paper()
    made = paper.provider().create(WEB, token=TOKEN, tags=TAGS, deadline=5.0)
    assert (made.name, made.token, made.addresses) == ("Web 1", TOKEN, ("10.0.0.1", "192.0.2.1"))
    assert TAGS.items() <= made.tags.items()
    (node,) = paper.nodes.values()
    assert (node["name"], node["user_data"]) == (f"web-1-accords-{TOKEN}", WEB.user_data)


def test_without_what_was_remembered_the_name_still_tells_the_token() -> None:
    paper = Paper()
    paper.provider().create(WEB, token=TOKEN, tags=TAGS, deadline=5.0)
    found = paper.provider().find(Kind.MACHINE, TOKEN, deadline=5.0)
    assert found is not None
    assert (found.name, found.tags) == ("web-1", {"accords-token": TOKEN})


def test_what_was_remembered_comes_back_with_the_tags_that_are_put_back() -> None:
    paper = Paper()
    made = paper.provider().create(WEB, token=TOKEN, tags=TAGS, deadline=5.0)
    other = paper.provider()
    assert other.list(TAGS, deadline=5.0) == []
    other.retag(Kind.MACHINE, made.id, TAGS, deadline=5.0)
    assert [each.id for each in other.list(TAGS, deadline=5.0)] == [made.id]


def test_a_machine_whose_answer_was_lost_is_found_and_not_made_again() -> None:
    paper, cut = Paper(), httpx.ReadError("cut")

    def lose(request: httpx.Request) -> None:
        if request.method == "POST":
            raise cut

    paper.after = lose
    provider = paper.provider()
    assert isinstance(surely(lambda: provider.create(WEB, token=TOKEN, tags=TAGS, deadline=5.0)), Ambiguous)
    found = provider.find(Kind.MACHINE, TOKEN, deadline=5.0)
    assert found is not None
    assert TAGS.items() <= found.tags.items()
    assert provider.create(WEB, token=TOKEN, tags=TAGS, deadline=5.0).id == found.id
    assert paper.asked.count("POST /nodes") == 1


def test_of_two_that_were_made_at_once_the_first_stays() -> None:
    paper = Paper()

    def rival(request: httpx.Request) -> None:
        if request.method == "POST":
            paper.nodes["7"] = {"id": "7", "name": f"web-1-accords-{TOKEN}"}

    paper.after = rival
    assert paper.provider().create(WEB, token=TOKEN, tags=TAGS, deadline=5.0).id == "7"
    assert list(paper.nodes) == ["7"]


def test_what_was_surely_not_made_is_not_remembered() -> None:
    paper = Paper(before=lambda request: Answer(422, json={}) if request.method == "POST" else None)
    provider = paper.provider()
    assert isinstance(surely(lambda: provider.create(WEB, token=TOKEN, tags=TAGS, deadline=5.0)), Refused)
    assert provider._account.ledger.of(Kind.MACHINE) == []


def test_an_empty_list_is_believed_when_the_cloud_shows_something_else() -> None:
    paper = Paper()
    provider = paper.provider()
    assert provider.list({}, deadline=5.0) == []
    assert paper.asked == ["GET /nodes", "GET /sizes"]


def test_an_empty_list_of_a_cloud_that_shows_nothing_is_not_believed() -> None:
    error = surely(lambda: Paper(sizes=[]).provider().list({}, deadline=5.0))
    assert isinstance(error, Unavailable)


@pytest.mark.parametrize("said", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_is_no_answer_is_an_error_of_ours_and_no_news_of_a_machine(call: Call, said: Fault) -> None:
    paper = Paper()
    provider = paper.provider()
    machine = provider.create(WEB, token=TOKEN, tags=TAGS, deadline=5.0)
    paper.before = lambda request: Answer(said.status, headers=dict(said.headers), content=said.body)
    assert not isinstance(surely(lambda: call(provider, machine.id)), NotFound)


def test_throttling_is_told_with_its_delay_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBCLOUD_RETRY_FAILED_HTTP_REQUESTS", "1")
    paper = Paper(before=lambda request: Answer(429, json={}, headers={"Retry-After": "7"}))
    error = surely(lambda: paper.provider().list({}, deadline=5.0))
    assert isinstance(error, Throttled)
    assert (error.delay, len(paper.asked)) == (7.0, 1)


def test_a_login_that_ended_is_renewed_once() -> None:
    paper = Paper()
    provider = paper.provider()
    provider.create(WEB, token=TOKEN, tags=TAGS, deadline=5.0)
    paper.keys = {"newer"}
    assert len(provider.list({}, deadline=5.0)) == 1
    paper.asked.clear()
    paper.before = lambda request: Answer(401, json={})
    assert isinstance(surely(lambda: provider.list({}, deadline=5.0)), Auth)
    assert paper.asked == ["GET /nodes"] * 2


def test_nothing_is_sent_without_time() -> None:
    paper = Paper()
    assert isinstance(surely(lambda: paper.provider().list({}, deadline=0.0)), Unavailable)
    assert paper.asked == []


def test_what_libcloud_says_was_not_done_may_be_done_later() -> None:
    provider = Paper().provider()
    made = provider.create(WEB, token=TOKEN, tags=TAGS, deadline=5.0)
    error = surely(lambda: provider.act(Kind.MACHINE, made.id, Action.RESTART, deadline=5.0))
    assert isinstance(error, Conflict)
    assert isinstance(surely(lambda: provider.act(Kind.MACHINE, made.id, Action.STOP, deadline=5.0)), Refused)


def test_an_argument_may_be_a_thing_of_the_cloud() -> None:
    paper = Paper()
    provider = paper.provider(arguments={"create_node": {"size": {"list_sizes": "large"}, "ex_userdata": "theirs"}})
    provider.create(WEB, token=TOKEN, tags=TAGS, deadline=5.0)
    (node,) = paper.nodes.values()
    assert node["user_data"] == "theirs"
    wrong = paper.provider(arguments={"create_node": {"size": {"list_sizes": "huge"}}})
    error = surely(lambda: wrong.create(WEB, token="u" * 26, tags=TAGS, deadline=5.0))
    assert isinstance(error, Refused)
    assert "has no 'huge'" in error.message


def test_a_network_is_the_clouds_own_and_has_no_range_of_ours() -> None:
    provider = Paper().provider()
    made = provider.create(NetworkSpec("lan"), token=TOKEN, tags=TAGS, deadline=5.0)
    assert provider.list(TAGS, deadline=5.0) == [made]
    ranged = NetworkSpec("lan", "10.0.0.0/24")
    error = surely(lambda: provider.create(ranged, token="u" * 26, tags=TAGS, deadline=5.0))
    assert isinstance(error, Refused)
    error = surely(lambda: provider.create(FirewallSpec("fw"), token="v" * 26, tags=TAGS, deadline=5.0))
    assert isinstance(error, Refused)


def test_a_look_is_one_list_for_all() -> None:
    paper = Paper()
    provider = paper.provider()
    for token in "abc":
        provider.create(WEB, token=token * 26, tags=TAGS, deadline=5.0)
    paper.asked.clear()
    assert len(provider.list(TAGS, kinds={Kind.MACHINE}, deadline=5.0)) == 3
    assert paper.asked == ["GET /nodes"]


def test_what_was_given_back_is_forgotten_when_it_is_shown_no_longer() -> None:
    provider = Paper().provider()
    made = provider.create(WEB, token=TOKEN, tags=TAGS, deadline=5.0)
    provider.delete(Kind.MACHINE, made.id, deadline=5.0)
    assert provider.list(TAGS, deadline=5.0) == []
    assert provider._account.ledger.of(Kind.MACHINE) == []


def test_check_says_what_is_wrong_and_how_to_mend_it(tmp_path: Path) -> None:
    assert Paper().provider(open=True).check(deadline=5.0) == []
    (wrong,) = Paper().provider().check(deadline=5.0)
    assert "open: true" in wrong.mend
    (wrong,) = Paper(keys={"key"}, before=lambda request: Answer(401, json={})).provider(open=True).check(deadline=5.0)
    assert "key" in wrong.mend
    (wrong,) = Paper().provider(open=True, images={"linux": "Plan 9"}).check(deadline=5.0)
    assert wrong.what.startswith("image linux")
    (wrong,) = Paper().provider(open=True, sizes=["huge"]).check(deadline=5.0)
    assert wrong.what.startswith("size huge")
    (wrong,) = open_provider("sky", "libcloud:openstack", {"key": "ann", "secret": "s"}).check(deadline=5.0)
    assert "auth_url" in wrong.what
    assert "account" in wrong.mend


def test_one_size_is_told_with_its_cores_and_its_price(tmp_path: Path) -> None:
    (offer,) = Paper().provider(sizes=["large"], zone="eu").offers(deadline=5.0)
    assert (offer.zone, [(each.name, each.cores) for each in offer.sizes]) == ("eu", [("large", 2)])
    assert (offer.delivery, offer.open, offer.abilities) == ("home", False, frozenset())
    prices = tmp_path / "prices.yaml"
    prices.write_text("Small: 0.02\n")
    dummy = open_provider("sky", "libcloud:dummy", {**dummy_options(tmp_path), "prices": str(prices)})
    (offer,) = dummy.offers(deadline=5.0)
    assert str(offer.sizes[0].price) == "0.02"
    assert offer.sizes[1].price is None  # what libcloud says is of the day it was written
    assert (offer.delivery, offer.open) == ("none", True)


def test_a_volume_is_seen_by_what_tells_it_from_others() -> None:
    found = seen_as(DEVICES, "vol-0123", "data-accords-t")
    assert "disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123" in found
    assert not any(each.startswith("/") for each in found)


@pytest.mark.parametrize(
    ("driver", "options", "said"),
    [
        ("libcloud:nowhere", {}, "libcloud has no driver 'nowhere'"),
        ("libcloud:", {}, "no driver 'libcloud:'"),
        ("libcloud", {}, "no driver 'libcloud'"),
        ("fake:other", {}, "no driver 'fake:other'"),
        ("libcloud:dummy", {"colour": "blue"}, "colour"),
        ("libcloud:dummy", {"devices": ["disk/by-id/{size}"]}, "devices"),
        ("libcloud:dummy", {"devices": ["vdb"]}, "the same for every volume"),
        ("libcloud:dummy", {"cacert": "/nowhere.pem"}, "cacert"),
    ],
)
def test_what_cannot_be_opened_is_refused_with_what_is_wrong(
    driver: str, options: dict[str, object], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        open_provider("sky", driver, options)


def test_libcloud_is_loaded_when_a_provider_of_it_is_opened() -> None:
    code = (
        "import sys, providers, providers.libcloud\n"
        "assert 'libcloud' not in sys.modules\n"
        "sys.modules['libcloud'] = None\n"
        "try: providers.open_provider('sky', 'libcloud:dummy', {})\n"
        "except providers.errors.Refused as error: assert 'extra `libcloud`' in error.message, error.message\n"
        "else: raise SystemExit('opened')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
