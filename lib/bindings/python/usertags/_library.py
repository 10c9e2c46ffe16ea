"""The shared library, and the signatures of usertags.h."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from ctypes import POINTER, c_bool, c_char, c_int32, c_int64, c_size_t, c_uint64, c_void_p
from pathlib import Path
from typing import Any, Iterator, Optional


class Text(ctypes.Structure):
    """usertags_text. Made of a str, it keeps the bytes that it points to."""

    _fields_ = [("data", c_void_p), ("size", c_size_t)]

    @classmethod
    def of(cls, text: Optional[str]) -> Text:
        if text is None:
            return cls(None, 0)
        data = text.encode("utf-8", "surrogateescape")
        made = cls(ctypes.cast(ctypes.c_char_p(data), c_void_p), len(data))
        made.kept = data
        return made

    def optional(self) -> Optional[str]:
        """The text, or None where it is absent. Bytes that are not UTF-8 become surrogates."""
        if self.data is None:
            return None
        return ctypes.string_at(self.data, self.size).decode("utf-8", "surrogateescape")

    def __str__(self) -> str:
        return self.optional() or ""


class Tag(ctypes.Structure):
    _fields_ = [("key", Text), ("value", Text)]


class TagChange(ctypes.Structure):
    _fields_ = [("key", Text), ("value", Text), ("before", Text)]


class PositionText(ctypes.Structure):
    _fields_ = [("text", c_char * 64)]


LogFunction = ctypes.CFUNCTYPE(None, c_void_p, c_int32, Text)
ProgressFunction = ctypes.CFUNCTYPE(c_bool, c_void_p, c_uint64, c_uint64)

# Of handles one type for all: what is one, is said by the names.
_H = c_void_p
_OUT = POINTER(c_void_p)
_U64 = POINTER(c_uint64)
_I64 = POINTER(c_int64)
_TEXT = POINTER(Text)
_TAGS = POINTER(Tag)

# Calls that answer an error.
_CALLS: dict[str, list[Any]] = {
    "settings_new": [_OUT],
    "settings_set": [_H, Text, c_int64],
    "settings_value": [_H, Text, _I64],
    "options_new": [_OUT],
    "options_set": [_H, c_int32, c_int64],
    "options_set_settings": [_H, _H],
    "options_set_log": [_H, LogFunction, c_void_p],
    "open": [Text, _H, _OUT],
    "open_in_memory": [_H, _OUT],
    "close": [_H],
    "get_settings": [_H, _OUT],
    "change_settings": [_H, _H, c_uint64, _OUT],
    "write_options_new": [_OUT],
    "write_options_set_expected_revision": [_H, c_uint64],
    "write_options_set_token": [_H, Text],
    "write_options_set_note": [_H, Text],
    "write_options_set_timeout_ms": [_H, c_int64],
    "batch_new": [_OUT],
    "batch_create": [_H, Text, Text],
    "batch_update": [_H, Text, Text, _TEXT],
    "batch_set": [_H, Text, Text, _TEXT],
    "batch_erase": [_H, Text, c_bool, _TEXT],
    "create_user": [_H, Text, _TAGS, c_size_t, _H, _OUT],
    "ensure_user": [_H, Text, _TAGS, c_size_t, _H, _OUT],
    "apply": [_H, Text, _H, _H, _OUT],
    "delete_user": [_H, Text, _H, _OUT],
    "plan": [_H, Text, _H, _H, _OUT],
    "writes_new": [_OUT],
    "writes_add_creation": [_H, Text, _TAGS, c_size_t, _H],
    "writes_add_ensured": [_H, Text, _TAGS, c_size_t, _H],
    "writes_add_patch": [_H, Text, _H, _H],
    "writes_add_deletion": [_H, Text, _H],
    "apply_each": [_H, _H, _OUT],
    "apply_all": [_H, _H, _OUT],
    "find": [_H, Text, _OUT],
    "read_options_new": [_OUT],
    "read_options_set_limit": [_H, c_size_t],
    "read_options_set_after": [_H, Text],
    "read_options_set_prefix": [_H, Text],
    "read_options_set_by_users": [_H, c_bool],
    "read_options_set_timeout_ms": [_H, c_int64],
    "list": [_H, _H, _OUT],
    "select": [_H, Text, _H, _OUT],
    "count": [_H, Text, _H, _U64, _U64],
    "tag_keys": [_H, _H, _OUT],
    "tag_values": [_H, Text, _H, _OUT],
    "revision": [_H, _U64],
    "get_position": [_H, POINTER(PositionText)],
    "position_parse": [Text, _U64, _U64],
    "changes": [_H, Text, c_size_t, _OUT],
    "wait_for_changes": [_H, Text, c_int64, _U64],
    "history": [_H, Text, _H, _OUT],
    "refresh": [_H, _U64],
    "read_at_least": [_H, c_uint64, c_int64, _U64],
    "verify": [_H, _OUT],
    "backup": [_H, Text, ProgressFunction, c_void_p],
    "maintain": [_H, c_int64],
    "get_metrics": [_H, _OUT],
}

# Accessors: what they answer, and of what.
_ACCESSORS: dict[str, tuple[Any, list[Any]]] = {
    "version": (Text, []),
    "code_name": (Text, [c_int32]),
    "operation_name": (Text, [c_int32]),
    "reason_name": (Text, [c_int32]),
    "subject_name": (Text, [c_int32]),
    "change_kind_name": (Text, [c_int32]),
    "problem_kind_name": (Text, [c_int32]),
    "error_code": (c_int32, [_H]),
    "error_message": (Text, [_H]),
    "error_what": (Text, [_H]),
    "error_existing_id": (Text, [_H]),
    "error_number": (c_bool, [_H, c_int32, _I64]),
    "error_violation_count": (c_size_t, [_H]),
    "error_violation": (_H, [_H, c_size_t]),
    "violation_reason": (c_int32, [_H]),
    "violation_subject": (c_int32, [_H]),
    "violation_operation": (c_int32, [_H]),
    "violation_first_operation": (c_int32, [_H]),
    "violation_key": (Text, [_H]),
    "violation_current": (Text, [_H]),
    "violation_number": (c_bool, [_H, c_int32, _I64]),
    "settings_name": (Text, [c_size_t]),
    "settings_version": (c_uint64, [_H]),
    "user_id": (Text, [_H]),
    "user_external_id": (Text, [_H]),
    "user_revision": (c_uint64, [_H]),
    "user_tag_count": (c_size_t, [_H]),
    "user_tag": (Tag, [_H, c_size_t]),
    "applied_user": (_H, [_H]),
    "applied_revision": (c_uint64, [_H]),
    "applied_changed": (c_bool, [_H]),
    "applied_replayed": (c_bool, [_H]),
    "outcomes_size": (c_size_t, [_H]),
    "outcomes_error": (_H, [_H, c_size_t]),
    "outcomes_applied": (_H, [_H, c_size_t]),
    "user_page_size": (c_size_t, [_H]),
    "user_page_at": (_H, [_H, c_size_t]),
    "user_page_next": (Text, [_H]),
    "user_page_revision": (c_uint64, [_H]),
    "facet_page_size": (c_size_t, [_H]),
    "facet_page_text": (Text, [_H, c_size_t]),
    "facet_page_users": (c_uint64, [_H, c_size_t]),
    "facet_page_next": (Text, [_H]),
    "facet_page_revision": (c_uint64, [_H]),
    "change_page_size": (c_size_t, [_H]),
    "change_page_at": (_H, [_H, c_size_t]),
    "change_page_next": (Text, [_H]),
    "change_page_epoch_changed": (c_bool, [_H]),
    "change_page_floor": (c_uint64, [_H]),
    "change_revision": (c_uint64, [_H]),
    "change_transaction": (c_uint64, [_H]),
    "change_at_ms": (c_int64, [_H]),
    "change_kind": (c_int32, [_H]),
    "change_user_id": (Text, [_H]),
    "change_external_id": (Text, [_H]),
    "change_note": (Text, [_H]),
    "change_before_known": (c_bool, [_H]),
    "change_tag_count": (c_size_t, [_H]),
    "change_tag": (TagChange, [_H, c_size_t]),
    "report_revision": (c_uint64, [_H]),
    "report_users": (c_uint64, [_H]),
    "report_changes": (c_uint64, [_H]),
    "report_tokens": (c_uint64, [_H]),
    "report_digest": (Text, [_H]),
    "report_problem_count": (c_size_t, [_H]),
    "report_problem_kind": (c_int32, [_H, c_size_t]),
    "report_problem_user": (Text, [_H, c_size_t]),
    "report_problem_what": (Text, [_H, c_size_t]),
    "metrics_text": (Text, [_H]),
}

_FREED = [
    "error", "settings", "options", "store", "user", "write_options", "batch", "applied", "writes",
    "outcomes", "read_options", "user_page", "facet_page", "change_page", "report", "metrics",
]  # fmt: skip


def _candidates() -> Iterator[str]:
    """Where the library may be, in the order in which it is looked for."""
    named = os.environ.get("USERTAGS_LIBRARY")
    if named:
        yield named
        return
    here = Path(__file__).resolve().parent
    yield from map(str, sorted(here.glob("libusertags.so*")))
    if len(here.parents) > 3 and (here.parents[3] / "include/usertags/usertags.h").is_file():
        builds = (here.parents[3] / "build").glob("*/lib/libusertags.so")
        yield from map(str, sorted(builds, key=lambda path: path.stat().st_mtime, reverse=True))
    found = ctypes.util.find_library("usertags")
    if found:
        yield found
    yield "libusertags.so"


def _load() -> ctypes.CDLL:
    problems = []
    for candidate in _candidates():
        try:
            library = ctypes.CDLL(candidate)
            _declare(library)
            return library
        except (OSError, AttributeError) as problem:  # AttributeError: an older one lacks a call
            problems.append(f"{candidate}: {problem}")
    raise ImportError(
        "no libusertags.so: build it, install it, or name it in USERTAGS_LIBRARY (" + "; ".join(problems) + ")"
    )


def _declare(library: ctypes.CDLL) -> None:
    for name, arguments in _CALLS.items():
        function = getattr(library, "usertags_" + name)
        function.restype, function.argtypes = c_void_p, arguments
    for name, (answer, arguments) in _ACCESSORS.items():
        function = getattr(library, "usertags_" + name)
        function.restype, function.argtypes = answer, arguments
    for name in _FREED:
        function = getattr(library, f"usertags_{name}_free")
        function.restype, function.argtypes = None, [c_void_p]


_library = _load()


def c(name: str, *arguments: Any) -> Any:
    """Calls usertags_NAME."""
    return getattr(_library, "usertags_" + name)(*arguments)


PATH: str = _library._name
