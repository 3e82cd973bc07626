"""Threads that make the calls, at most so many at once, started when they are first needed.

Not `concurrent.futures`: a call that never comes back must not keep the process from ending, and a queue of answers is
all that the walk needs (a third of the CPU of futures).
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

Job = TypeVar("Job")
Answer = TypeVar("Answer")


class Pool(Generic[Job, Answer]):
    """`work` turns a job into an answer and never raises; it runs in the pool's threads with the logging context of the
    thread that made the pool. All methods are for that one thread."""

    def __init__(self, work: Callable[[Job], Answer], size: int) -> None:
        self.busy = 0
        self._size = size
        self._threads = 0
        self._work = work
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[Job, Answer]] = SimpleQueue()

    @property
    def free(self) -> int:
        return self._size - self.busy

    def submit(self, job: Job) -> None:
        """Only while `free`."""
        self.busy += 1
        if self.busy > self._threads:
            self._threads += 1
            context = contextvars.copy_context()
            Thread(target=context.run, args=(self._serve,), name=f"step-{self._threads}", daemon=True).start()
        self._jobs.put(job)

    def answers(self, timeout: float) -> list[tuple[Job, Answer]]:
        """Everything that was answered; waits for the first at most `timeout` seconds."""
        try:
            found = [self._answers.get(timeout=max(0.0, timeout))]
            while not self._answers.empty():
                found.append(self._answers.get_nowait())
        except Empty:
            return []
        self.busy -= len(found)
        return found

    def close(self) -> None:
        """Let the threads end; one that is in a call ends after it, and nobody waits for that."""
        for _ in range(self._threads):
            self._jobs.put(None)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._answers.put((job, self._work(job)))
