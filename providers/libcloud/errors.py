"""What libcloud's errors are called here.

Each of its drivers has errors of its own, down to plain `Exception`; what the cloud last answered says more than their
class. Where a request got no answer our own error lies under whatever the driver made of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from libcloud.common.exceptions import RateLimitReachedError
from libcloud.common.types import InvalidCredsError
from libcloud.compute.types import KeyPairDoesNotExistError

from providers.errors import (
    Ambiguous,
    Auth,
    Conflict,
    NotFound,
    ProviderError,
    Quota,
    Refused,
    Throttled,
    Unavailable,
)
from providers.libcloud.wire import Heard

CLASSES: tuple[tuple[type[Exception], type[ProviderError]], ...] = (
    (RateLimitReachedError, Throttled),
    (InvalidCredsError, Auth),
    (KeyPairDoesNotExistError, NotFound),
    (NotImplementedError, Refused),
)
STATUSES: Mapping[int, type[ProviderError]] = {
    401: Auth,
    403: Auth,
    404: NotFound,
    408: Ambiguous,
    409: Conflict,
    412: Conflict,
    423: Conflict,
    429: Throttled,
    503: Unavailable,
}
"""What is not here: Refused below 500, Ambiguous from there on."""
WORDS: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = (
    (re.compile(r"quota|limit (is |was )?(exceeded|reached)|LimitExceeded|insufficient", re.IGNORECASE), Quota),
    (
        re.compile(r"in use|in-use|must be available|is not 'available'|status must be|IncorrectState", re.IGNORECASE),
        Conflict,
    ),
    (re.compile(r"not found|NotFound|could not be found|does not exist", re.IGNORECASE), NotFound),
)
"""What is said with a status from 400 to 499, and means more than it."""
PLAIN = frozenset({400, 403, 409, 413, 422})
"""The statuses that such words are believed of."""
LONGEST = 500


@contextmanager
def translating(heard: Heard) -> Iterator[None]:
    """Only errors of ours leave what is done inside."""
    try:
        yield
    except ProviderError:
        raise
    except Exception as error:  # libcloud's drivers raise any, and none may cross the edge
        raise translated(error, heard) from error


def translated(error: Exception, heard: Heard) -> ProviderError:
    """The error of ours for one of libcloud's."""
    if ours := _under(error):
        return ours
    said = " ".join(str(error).split())[:LONGEST] or type(error).__name__
    kind = next((ours for theirs, ours in CLASSES if isinstance(error, theirs)), None)
    kind = kind or _answered(_status(error, heard), said) or _own(heard)
    message = f"libcloud: {type(error).__name__}: {said}"
    return Throttled(message, delay=_delay(heard)) if kind is Throttled else kind(message)


def _under(error: BaseException) -> ProviderError | None:
    """The one of ours that it was made of."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, ProviderError):
        found = found.__cause__ or found.__context__
    return found


def _status(error: Exception, heard: Heard) -> int:
    """The cloud's, 0 for none: that of the error, or else of what was last answered."""
    named = (getattr(error, word, None) for word in ("code", "http_code", "status"))
    return next((found for found in named if isinstance(found, int)), heard.status)


def _answered(status: int, said: str) -> type[ProviderError] | None:
    if status < 400:
        return None
    meant = (kind for words, kind in WORDS if status in PLAIN and words.search(said))
    return next(meant, STATUSES.get(status, Refused if status < 500 else Ambiguous))


def _own(heard: Heard) -> type[ProviderError]:
    """What libcloud says of itself: of arguments before anything was sent, of an answer it cannot read after that."""
    return Ambiguous if heard.sent else Refused


def _delay(heard: Heard) -> float:
    """Retry-After in seconds; 1 where it is not said so."""
    found = heard.headers.get("Retry-After", "")
    return float(found) if found.isdigit() else 1.0
