"""Running this machine's programs, each before a deadline; what they say when they fail becomes our errors."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from providers.errors import Ambiguous, Refused, Unavailable

TAIL = 800  # characters of a program's complaint that go into an error


class Deadline:
    """The moment a call has to have ended by."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, at least a hundredth: a program gets that to fail by itself."""
        return max(0.01, self._at - time.monotonic())

    @property
    def over(self) -> bool:
        return time.monotonic() >= self._at


def run(argv: Sequence[str | Path], deadline: Deadline, *, text: str = "", check: bool = True) -> str:
    """What the program printed. `text` goes to its input. Refused when it fails (and `check`), Unavailable when it is
    not installed, Ambiguous when it did not end in time: what it had done by then is not known."""
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(words, input=text, text=True, capture_output=True, timeout=deadline.left, check=False)
    except FileNotFoundError as error:
        raise Unavailable(f"{words[0]} is not installed; `accords providers` says what to install") from error
    except subprocess.TimeoutExpired as error:
        raise Ambiguous(f"`{' '.join(words[:4])}` did not end in time; look again") from error
    if check and done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-TAIL:]
        raise Refused(f"`{' '.join(words)[:200]}` ended with {done.returncode}: {said}")
    return done.stdout
