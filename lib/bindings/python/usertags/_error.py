"""The exception, and what a refused batch names."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, Optional

from ._library import c

# enum usertags_field
_ERROR_NUMBERS = {
    "item": 1,
    "current_revision": 2,
    "intended_revision": 3,
    "floor": 4,
    "current_version": 5,
    "holder_pid": 6,
    "position": 7,
    "system_error": 8,
}
_VIOLATION_NUMBERS = {"item": 1, "position": 7, "index": 9, "first_index": 10, "limit": 11, "found": 12}
_CHARACTER = 13


def _number(call: str, handle: int, field: int) -> Optional[int]:
    value = ctypes.c_int64()
    return value.value if c(call, handle, field, ctypes.byref(value)) else None


@dataclass(frozen=True)
class Violation:
    """One reason why a batch, or the tags of a creation, was refused."""

    reason: str  #: its stable name, such as "key_exists"
    subject: str  #: "batch", "key" or "value"
    key: str  #: as it was given; empty for a violation of the whole batch
    operation: Optional[str] = None  #: "create", "update", "set" or "delete"
    current: Optional[str] = None  #: the user's value of the key, where it helps
    first_operation: Optional[str] = None  #: of duplicate_key: the one that had the key first
    item: Optional[int] = None  #: which write, in a call with many
    index: Optional[int] = None  #: which operation, in the order in which they were given
    first_index: Optional[int] = None
    limit: Optional[int] = None  #: the bound, and the size found
    found: Optional[int] = None
    position: Optional[int] = None  #: bytes from the start of the key or value
    character: Optional[str] = None  #: of forbidden_character

    @classmethod
    def _of(cls, handle: int) -> Violation:
        def operation(call: str) -> Optional[str]:
            number = c(call, handle)
            return str(c("operation_name", number)) if number else None

        character = _number("violation_number", handle, _CHARACTER)
        numbers = {name: _number("violation_number", handle, field) for name, field in _VIOLATION_NUMBERS.items()}
        return cls(
            reason=str(c("reason_name", c("violation_reason", handle))),
            subject=str(c("subject_name", c("violation_subject", handle))),
            key=str(c("violation_key", handle)),
            operation=operation("violation_operation"),
            current=c("violation_current", handle).optional(),
            first_operation=operation("violation_first_operation"),
            character=chr(character) if character is not None else None,
            **numbers,
        )


class Error(Exception):
    """What a call answers that did not succeed. `code` is the stable name (docs/semantics.md lists them)."""

    code: str  #: such as "user_not_found"
    number: int  #: the code's number in usertags.h
    message: str  #: what happened, to what, and what to do
    what: str  #: its first half
    existing_id: Optional[str]  #: of user_exists: who has the external id
    violations: tuple[Violation, ...]  #: of batch_refused
    item: Optional[int]  #: of apply_all: the first write that failed
    current_revision: Optional[int]
    intended_revision: Optional[int]  #: of outcome_unknown
    floor: Optional[int]  #: of history_pruned
    current_version: Optional[int]  #: of settings_mismatch
    holder_pid: Optional[int]  #: of store_locked
    position: Optional[int]  #: of invalid_selector: bytes from the start
    system_error: Optional[int]  #: errno

    def __init__(self, message: str, **named: Any) -> None:
        super().__init__(message)
        self.message = message
        self.__dict__.update(named)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_again, (self.message, {**self.__dict__}))

    @classmethod
    def _of(cls, handle: int) -> Error:
        number = c("error_code", handle)
        count = c("error_violation_count", handle)
        return cls(
            str(c("error_message", handle)),
            code=str(c("code_name", number)),
            number=number,
            what=str(c("error_what", handle)),
            existing_id=c("error_existing_id", handle).optional(),
            violations=tuple(Violation._of(c("error_violation", handle, i)) for i in range(count)),
            **{name: _number("error_number", handle, field) for name, field in _ERROR_NUMBERS.items()},
        )


def _again(message: str, named: dict[str, Any]) -> Error:
    error = Error(message)
    error.__dict__.update(named)
    return error


def call(name: str, *arguments: Any) -> None:
    """Calls usertags_NAME, and raises what it answers."""
    handle = c(name, *arguments)
    if not handle:
        return
    try:
        error = Error._of(handle)
    finally:
        c("error_free", handle)
    raise error
