"""How a request finds its row: flows driven by hand, without a socket and without a clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.client.flows import Alone, Flow, Got, Pause, Step, T, Try, asked
from broker.client.messages import Answer, Broken, Request, again, error_of
from broker.client.ways import PUBLISHER, REMEMBERED, ROW_HEADER, STREAM, Directory, Way, carried, learned, places, way
from broker.errors import AccordsError, RowDown, Unauthenticated
from broker.settings import Settings

GET, POST = Request("node", "GET", "/node/"), Request("node", "POST", "/node/")
JSON = {"content-type": "application/json"}
REFUSED = Broken("", "ConnectError", asked=False)
CUT = Broken("", "ReadError", asked=True)


def where(*addresses: str) -> Answer:
    """What the publisher says of the row `node`."""
    listed = ", ".join(f'"{each}"' for each in addresses)
    return Answer(200, JSON, f'{{"tag": "t", "rows": {{"node": [{listed}]}}}}'.encode())


@dataclass
class World:
    """Does what flows say: each address answers the next of what it was given, the last of it again and again."""

    said: dict[str, list[Answer | Broken]]
    tried: list[str] = field(default_factory=list)
    sent: list[Request] = field(default_factory=list)
    paused: float = 0.0

    def do(self, flow: Flow[T]) -> T:
        got: Got = None
        try:
            while True:
                got = self._step(flow.send(got))
        except StopIteration as end:
            found: T = end.value
            return found

    def _step(self, step: Step) -> Got:
        match step:
            case Try(request, address):
                self.tried.append(address)
                self.sent.append(request)
                left = self.said[address]
                return left.pop(0) if len(left) > 1 else left[0]
            case Pause(seconds):
                self.paused += seconds
            case Alone(flow):
                self.do(flow)
        return None


def known(
    *, patience: float = 0.0, clock: Callable[[], float] = lambda: 0.0, publishers: Sequence[str] = ("p",)
) -> Way:
    return Way({}, {"node": "static"}, {}, publishers, patience=patience, directory=Directory(clock))


def ask(world: World, by: Way, request: Request = GET) -> Answer:
    return world.do(carried(by, asked(request)))


def test_a_row_is_asked_where_the_publisher_says() -> None:
    world = World({"p": [where("a", "b")], "a": [Answer(200)]})
    ask(world, known())
    assert world.tried == ["p", "a"]
    assert world.sent[1].headers[ROW_HEADER] == "node"


def test_the_next_address_is_tried_where_nobody_listens() -> None:
    world = World({"p": [where("a", "b")], "a": [REFUSED], "b": [Answer(200)]})
    ask(world, known())
    assert world.tried == ["p", "a", "b"]


def test_a_row_that_moved_is_found_by_asking_the_publisher_anew() -> None:
    world = World({"p": [where("a"), where("c")], "a": [REFUSED], "c": [Answer(200)]})
    ask(world, known())
    assert world.tried == ["p", "a", "p", "c"]


@pytest.mark.parametrize("request_", [GET, POST])
def test_what_was_sent_once_is_sent_nowhere_else_and_the_publisher_is_doubted(request_: Request) -> None:
    world = World({"p": [where("a", "b")], "a": [CUT]})
    by = known()
    by.directory.learn({"node": ["a", "b"]})
    by = Way({}, {}, {}, ("p",), directory=Directory(lambda: 1.0))
    with pytest.raises(RowDown):
        ask(world, by, request_)
    assert world.tried == ["p", "a"]
    assert by.directory.due


def test_another_publisher_is_asked_where_the_first_does_not_listen() -> None:
    world = World({"p": [REFUSED], "q": [where("a")], "a": [Answer(200)]})
    ask(world, known(publishers=("p", "q")))
    assert world.tried == ["p", "q", "a"]


@pytest.mark.parametrize("strange", [b"[]", b"<html>", b"{}", b'{"rows": 1}'])
def test_a_publisher_that_is_none_leaves_the_static_address(strange: bytes) -> None:
    world = World({"p": [Answer(200, JSON, strange)], "static": [Answer(200)]})
    ask(world, known())
    assert world.tried == ["p", "static"]


def test_the_publisher_is_asked_once_in_a_while_and_stands_while_it_is_away() -> None:
    now = [100.0]
    world = World({"p": [where("a"), REFUSED]})
    by = known(clock=lambda: now[0])
    for seconds, times in ((0.0, 1), (REMEMBERED / 2, 1), (REMEMBERED / 2, 2), (0.0, 2)):
        now[0] += seconds
        assert list(world.do(places(by, "node"))) == ["a"]
        assert world.tried == ["p"] * times
    by.directory.forget()
    world.do(places(by, "node"))
    assert len(world.tried) == 3


def test_who_waited_for_anothers_question_asks_no_second_one() -> None:
    by = known()
    first, second = learned(by), learned(by)
    (one, other) = (next(first), next(second))
    assert isinstance(one, Alone) and isinstance(other, Alone)
    world = World({"p": [where("a")]})
    world.do(one.flow)
    world.do(other.flow)
    assert world.tried == ["p"]


def test_the_stream_is_where_the_settings_say() -> None:
    world = World({"p": [where("a")]})
    by = way(Settings(publisher="p", host="0.0.0.0", stream_port=9), "t", None)
    assert world.do(places(by, STREAM)) == ("http://127.0.0.1:9",)
    assert world.do(places(way(Settings(publisher="p", rows={STREAM: "http://s/"}), "t", None), STREAM)) == (
        "http://s",
    )


def test_a_row_that_says_when_to_come_again_is_waited_for_within_the_patience() -> None:
    busy = Answer(503, {**JSON, "retry-after": "2"}, b'{"code": "store.busy", "title": "busy", "retry_after": 2}')
    world = World({"p": [where("a")], "a": [busy, busy, Answer(201)]})
    assert ask(world, known(patience=4.0), POST).status == 201
    assert world.paused == 4.0
    world = World({"p": [where("a")], "a": [busy]})
    with pytest.raises(RowDown) as caught:
        ask(world, known(patience=5.0))
    assert (world.paused, caught.value.code, caught.value.fields["retry_after"]) == (4.0, "store.busy", 2)


def test_without_patience_nobody_is_waited_for() -> None:
    world = World({"p": [where("a")], "a": [Answer(503, {"retry-after": "1"})]})
    with pytest.raises(RowDown):
        ask(world, known())
    assert world.paused == 0.0


@given(st.floats(0, 60), st.text(max_size=6))
def test_nobody_waits_longer_than_the_patience_whatever_a_row_says(patience: float, after: str) -> None:
    world = World({"p": [where("a")], "a": [Answer(503, {"retry-after": after})]})
    with pytest.raises(RowDown):
        ask(world, known(patience=patience))
    assert world.paused <= patience


def test_only_what_did_nothing_is_repeated() -> None:
    assert again(POST, CUT) is None
    assert again(GET, CUT) == again(POST, REFUSED) == 5.0
    assert again(POST, Answer(503)) is None
    assert again(POST, Answer(409, {"retry-after": "1"})) is None


def test_an_error_reaches_the_flow_that_asked_and_it_may_go_on() -> None:
    def careful() -> Flow[str]:
        try:
            yield from asked(GET)
        except Unauthenticated:
            return (yield from asked(POST)).text
        return "was let in"

    world = World({"p": [where("a")], "a": [Answer(401), Answer(200, {}, b"by the other door")]})
    assert world.do(carried(known(), careful())) == "by the other door"


def test_a_flow_that_is_given_up_is_closed() -> None:
    ended = []

    def waiting() -> Flow[None]:
        try:
            yield from asked(GET)
        finally:
            ended.append(True)

    steps = carried(known(), waiting())
    next(steps)
    steps.close()
    assert ended == [True]


@given(st.integers(400, 599), st.binary(max_size=200), st.sampled_from(["application/json", "text/plain", ""]))
def test_any_bytes_of_any_refusal_are_an_error_with_its_status(status: int, body: bytes, media: str) -> None:
    found = error_of(Answer(status, {"content-type": media}, body))
    assert (found.status, bool(found.message)) == (status, True)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from(["code", "title", "hint", "message", "self", "error", "status", "retry_after", "kind", "x"])


@given(st.integers(400, 599), st.dictionaries(_NAMES, _JSON))
def test_any_object_of_any_refusal_is_an_error_that_keeps_its_fields(status: int, said: dict[str, object]) -> None:
    import orjson

    found = error_of(Answer(status, JSON, orjson.dumps(said)))
    assert isinstance(found, AccordsError)
    own = {"code", "title", "hint", "error", "status"}
    assert found.fields == {name: value for name, value in said.items() if name not in own}


def test_the_publisher_is_never_asked_where_the_publisher_is() -> None:
    assert World({}).do(places(known(), PUBLISHER)) == ("p",)
