"""Which members of a pool an answer shows: whose, and which page. API reference 7.x, "Actions for ... Pool"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from tests.stands.opennebula.records import Owned, User

OWN, SEEN, OWN_AND_GROUP, GROUP = -3, -2, -1, -4
T = TypeVar("T", bound=Owned)


def chosen(members: Mapping[int, T], user: User, page: tuple[int, int, int]) -> list[T]:
    """Of `who` (a filter flag or a user's id), from `start` to `end`: ids, or, where the end is below -1, that many
    from the start-th on. Somebody else's are not seen, the administrator's are."""
    who, start, end = page
    seen = [each for _id, each in sorted(members.items()) if _visible(each, user, who)]
    if end < -1:
        return seen[max(start, 0) : max(start, 0) - end]
    return [each for each in seen if each.id >= start and (end == -1 or start == -1 or each.id <= end)]


def _visible(each: Owned, user: User, who: int) -> bool:
    if who == OWN:
        return each.uid == user.id
    if who >= 0:
        return each.uid == who
    return user.admin or each.uid in (user.id, 0)
