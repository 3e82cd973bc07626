"""What OpenNebula answers when it refuses: a code and a sentence that begins with the method. API reference 7.x."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    AUTHENTICATION = 0x0100
    AUTHORIZATION = 0x0200
    NO_EXISTS = 0x0400
    ACTION = 0x0800
    XML_RPC_API = 0x1000
    INTERNAL = 0x2000
    ALLOCATE = 0x4000
    LOCKED = 0x8000


class Refusal(Exception):
    """The server puts `[method] ` before the message."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


UNAUTHENTICATED = "User couldn't be authenticated, aborting call."


def missing(what: str, id: int) -> Refusal:
    return Refusal(Code.NO_EXISTS, f"Error getting {what} [{id}].")


def taken(what: str, kind: str, id: int) -> Refusal:
    """Names of images, networks and security groups are one user's once; those of machines and templates are not."""
    return Refusal(Code.INTERNAL, f"Error allocating a new {what}. NAME is already taken by {kind} {id}.")


def unallocated(what: str, why: str) -> Refusal:
    return Refusal(Code.ALLOCATE, f"Error allocating a new {what}. {why}")


def wrong_state(action: str, id: int, word: str) -> Refusal:
    why = f"This action is not available for state {word}"
    if action.startswith("terminate"):
        why = f"Could not terminate VM {id}, wrong state {word}."
    return Refusal(Code.ACTION, f'Error performing action "{action}": {why}')


def over(uid: int, limit: int, metric: str, quota: str) -> Refusal:
    """OpenNebula words a quota as a missing right."""
    return Refusal(
        Code.AUTHORIZATION, f"User [{uid}] : user [{uid}] limit of {limit} reached for {metric} quota in {quota}."
    )
