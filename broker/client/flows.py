"""Talking to rows as a generator: it yields what is to be done next and is sent what came of it. No I/O in here.

    Flow[T]     steps, and a T in the end           client.do(flow), await client.do(flow)
    Stream[T]   steps, and an Item now and then     for each in client.each(stream), async for ...

Whether somebody waits or awaits is the faces' business alone (`broker.client.faces`): all that the client can do is
written once, as flows, and tests drive them by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from broker.client.messages import Answer, Broken, Request
from broker.errors import AccordsError

T = TypeVar("T")
_Returned = TypeVar("_Returned")


@dataclass(frozen=True, slots=True)
class Try:
    """Send a request to an address: its Answer, or Broken. A `stream`'s Answer is the head alone."""

    request: Request
    address: str


@dataclass(frozen=True, slots=True)
class Read:
    """The next bytes of the stream that was opened last; none at its end, Broken when it broke."""


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Alone:
    """Do this while no other flow of this client does such a thing."""

    flow: Generator[Any, Any, None]


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """Something for whoever listens."""

    value: T


Got: TypeAlias = Answer | Broken | bytes | None
Step: TypeAlias = Request | Try | Read | Pause | Alone
"""A Request is carried to its row before it gets as far as a face (`broker.client.ways.carried`)."""
Flow: TypeAlias = Generator[Step, Got, T]
Stream: TypeAlias = Generator[Step | Item[T], Got, None]


def asked(request: Request) -> Flow[Answer]:
    """The row's good answer; raises the error that it, or its silence, stands for."""
    got = yield request
    if not isinstance(got, Answer):
        raise TypeError(f"a request is answered by an Answer, not by {type(got).__name__}")
    return got


def tried(request: Request, address: str) -> Flow[Answer | Broken]:
    got = yield Try(request, address)
    if not isinstance(got, Answer | Broken):
        raise TypeError(f"an address answers or not, and said {type(got).__name__}")
    return got


def read() -> Flow[bytes | Broken]:
    got = yield Read()
    if not isinstance(got, bytes | Broken):
        raise TypeError(f"a stream has bytes, not {type(got).__name__}")
    return got


def result(flow: Flow[T]) -> Stream[T]:
    """A flow as a stream of the one thing it gives."""
    yield Item((yield from flow))


def gathered(stream: Stream[T]) -> Flow[Sequence[T]]:
    """All items of a stream that ends."""
    found: list[T] = []

    def keep(step: Step | Item[T]) -> Flow[Got]:
        if not isinstance(step, Item):
            return (yield step)
        found.append(step.value)
        return None

    yield from adapted(stream, keep)
    return found


def adapted(steps: Generator[Any, Got, _Returned], does: Callable[[Any], Flow[Got]]) -> Generator[Any, Got, _Returned]:
    """`steps`, each done by the flow that `does` makes of it; an error of that is thrown where the step was asked."""
    got: Got = None
    refused: AccordsError | None = None
    try:
        while True:
            step = steps.send(got) if refused is None else steps.throw(refused)
            got, refused = None, None
            try:
                got = yield from does(step)
            except AccordsError as error:
                refused = error
    except StopIteration as end:
        returned: _Returned = end.value
        return returned
    finally:
        steps.close()
