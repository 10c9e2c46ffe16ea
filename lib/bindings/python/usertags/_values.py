"""What calls take and answer: plain values, which outlive the store."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Iterator, Mapping, Optional, Union

from ._error import call
from ._library import Tag, TagChange as _TagChange, Text, c


@contextmanager
def handle(kind: str) -> Iterator[ctypes.c_void_p]:
    """A place for a handle, which is freed in the end."""
    place = ctypes.c_void_p()
    try:
        yield place
    finally:
        c(kind + "_free", place)


def milliseconds(seconds: float) -> int:
    return int(max(-1.0, min(seconds * 1000, 2.0**53)))


# --- Users and writes. ---


@dataclass(frozen=True)
class User:
    """A user, as it was at one revision."""

    id: str
    external_id: str
    revision: int
    tags: Mapping[str, str]  #: in ascending order of the keys' bytes

    @classmethod
    def _of(cls, user: Optional[int]) -> User:
        count = c("user_tag_count", user)
        found = (c("user_tag", user, i) for i in range(count))
        return cls(
            str(c("user_id", user)),
            str(c("user_external_id", user)),
            c("user_revision", user),
            {str(tag.key): str(tag.value) for tag in found},
        )


@dataclass(frozen=True)
class Applied:
    """What a write answers that was applied."""

    user: Optional[User]  #: as it is after the write; None after a deletion
    revision: int
    changed: bool  #: False: what was there already was asked for
    replayed: bool  #: the token was known: `revision` and `changed` are those of the first answer

    @classmethod
    def _of(cls, applied: Optional[int]) -> Applied:
        user = c("applied_user", applied)
        return cls(
            User._of(user) if user else None,
            c("applied_revision", applied),
            c("applied_changed", applied),
            c("applied_replayed", applied),
        )


@dataclass(frozen=True)
class _Operation:
    kind: str
    key: str
    value: str = ""
    expected_value: Optional[str] = None
    must_exist: bool = False


class Batch:
    """The operations that are applied to one user together, or not at all. Judged by the call that takes it.

    >>> Batch().create("department", "engineering").update("tier", "gold").set("seen", "2026").erase("trial")
    <Batch of 4 operations>
    """

    def __init__(self) -> None:
        self._operations: list[_Operation] = []

    def create(self, key: str, value: str) -> Batch:
        """The key must not exist."""
        return self._add(_Operation("create", key, value))

    def update(self, key: str, value: str, *, expected_value: Optional[str] = None) -> Batch:
        """The key must exist; with `expected_value`, it must have exactly that one before the batch."""
        return self._add(_Operation("update", key, value, expected_value))

    def set(self, key: str, value: str, *, expected_value: Optional[str] = None) -> Batch:
        """Creates or updates."""
        return self._add(_Operation("set", key, value, expected_value))

    def erase(self, key: str, *, must_exist: bool = False, expected_value: Optional[str] = None) -> Batch:
        """Removes the key; an absent one is fine, unless it must exist."""
        return self._add(_Operation("erase", key, "", expected_value, must_exist))

    def __len__(self) -> int:
        return len(self._operations)

    def __repr__(self) -> str:
        return f"<Batch of {len(self)} operations>"

    def _add(self, operation: _Operation) -> Batch:
        self._operations.append(operation)
        return self

    @contextmanager
    def _handle(self) -> Iterator[ctypes.c_void_p]:
        with handle("batch") as batch:
            call("batch_new", ctypes.byref(batch))
            for one in self._operations:
                expected = None if one.expected_value is None else ctypes.byref(Text.of(one.expected_value))
                if one.kind == "create":
                    call("batch_create", batch, Text.of(one.key), Text.of(one.value))
                elif one.kind == "erase":
                    call("batch_erase", batch, Text.of(one.key), one.must_exist, expected)
                else:
                    call("batch_" + one.kind, batch, Text.of(one.key), Text.of(one.value), expected)
            yield batch


@dataclass(frozen=True)
class WriteOptions:
    """What every write can carry."""

    expected_revision: Optional[int] = None  #: the user is at this revision, else revision_mismatch
    token: str = ""  #: idempotency token
    note: str = ""  #: who or why; kept with the change
    timeout: Optional[float] = None  #: seconds; a write that has not begun by then answers timeout

    @contextmanager
    def _handle(self) -> Iterator[ctypes.c_void_p]:
        with handle("write_options") as options:
            call("write_options_new", ctypes.byref(options))
            if self.expected_revision is not None:
                call("write_options_set_expected_revision", options, self.expected_revision)
            if self.token:
                call("write_options_set_token", options, Text.of(self.token))
            if self.note:
                call("write_options_set_note", options, Text.of(self.note))
            if self.timeout is not None:
                call("write_options_set_timeout_ms", options, milliseconds(self.timeout))
            yield options


def tag_array(tags: Mapping[str, str]) -> ctypes.Array[Tag]:
    texts = [(Text.of(key), Text.of(value)) for key, value in tags.items()]
    array = (Tag * len(texts))(*(Tag(key, value) for key, value in texts))
    array.kept = texts  # type: ignore[attr-defined]
    return array


@dataclass(frozen=True)
class CreateUser:
    """A creation, for calls that take many writes."""

    external_id: str
    tags: Mapping[str, str] = field(default_factory=dict)
    options: WriteOptions = WriteOptions()

    def _add(self, writes: ctypes.c_void_p) -> None:
        tags = tag_array(self.tags)
        with self.options._handle() as options:
            call("writes_add_creation", writes, Text.of(self.external_id), tags, len(tags), options)


@dataclass(frozen=True)
class EnsureUser:
    """Finds the user, or creates it with these tags."""

    external_id: str
    tags_if_created: Mapping[str, str] = field(default_factory=dict)
    options: WriteOptions = WriteOptions()

    def _add(self, writes: ctypes.c_void_p) -> None:
        tags = tag_array(self.tags_if_created)
        with self.options._handle() as options:
            call("writes_add_ensured", writes, Text.of(self.external_id), tags, len(tags), options)


@dataclass(frozen=True)
class PatchUser:
    """A batch for one user, named by id or external id."""

    user: str
    batch: Batch
    options: WriteOptions = WriteOptions()

    def _add(self, writes: ctypes.c_void_p) -> None:
        with self.options._handle() as options, self.batch._handle() as batch:
            call("writes_add_patch", writes, Text.of(self.user), batch, options)


@dataclass(frozen=True)
class DeleteUser:
    """A deletion."""

    user: str
    options: WriteOptions = WriteOptions()

    def _add(self, writes: ctypes.c_void_p) -> None:
        with self.options._handle() as options:
            call("writes_add_deletion", writes, Text.of(self.user), options)


Write = Union[CreateUser, EnsureUser, PatchUser, DeleteUser]


# --- Pages. ---


@dataclass(frozen=True)
class UserPage:
    users: list[User]
    next: Optional[str]  #: cursor; None: this was the last page
    revision: int

    @classmethod
    def _of(cls, page: ctypes.c_void_p) -> UserPage:
        users = [User._of(c("user_page_at", page, i)) for i in range(c("user_page_size", page))]
        return cls(users, c("user_page_next", page).optional(), c("user_page_revision", page))


@dataclass(frozen=True)
class FacetPage:
    """Keys, or the values of a key, with the number of users that have each."""

    counts: dict[str, int]
    next: Optional[str]  #: cursor; None: this was the last page
    revision: int

    @classmethod
    def _of(cls, page: ctypes.c_void_p) -> FacetPage:
        counts = {
            str(c("facet_page_text", page, i)): c("facet_page_users", page, i)
            for i in range(c("facet_page_size", page))
        }
        return cls(counts, c("facet_page_next", page).optional(), c("facet_page_revision", page))


# --- Changes. ---


@dataclass(frozen=True)
class TagChange:
    key: str
    value: Optional[str]  #: None: removed
    before: Optional[str]  #: None: the user had no such tag

    @classmethod
    def _of(cls, tag: _TagChange) -> TagChange:
        return cls(str(tag.key), tag.value.optional(), tag.before.optional())


@dataclass(frozen=True)
class Change:
    """One change of one user."""

    revision: int
    transaction: int  #: the same for all changes of a transaction
    at: datetime
    kind: str  #: "created", "patched" or "deleted"
    user_id: str
    external_id: str
    tags: list[TagChange]
    before_known: bool
    note: str

    @classmethod
    def _of(cls, change: Optional[int]) -> Change:
        tags = [TagChange._of(c("change_tag", change, i)) for i in range(c("change_tag_count", change))]
        epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
        return cls(
            revision=c("change_revision", change),
            transaction=c("change_transaction", change),
            at=epoch + timedelta(milliseconds=c("change_at_ms", change)),
            kind=str(c("change_kind_name", c("change_kind", change))),
            user_id=str(c("change_user_id", change)),
            external_id=str(c("change_external_id", change)),
            tags=tags,
            before_known=c("change_before_known", change),
            note=str(c("change_note", change)),
        )


def _changes_of(page: ctypes.c_void_p) -> list[Change]:
    return [Change._of(c("change_page_at", page, i)) for i in range(c("change_page_size", page))]


@dataclass(frozen=True)
class ChangePage:
    """Whole transactions, in order, without a gap."""

    changes: list[Change]
    next: str  #: the position behind the last of them
    epoch_changed: bool

    @classmethod
    def _of(cls, page: ctypes.c_void_p) -> ChangePage:
        return cls(_changes_of(page), str(c("change_page_next", page)), c("change_page_epoch_changed", page))


@dataclass(frozen=True)
class HistoryPage:
    """The changes of one user, newest first."""

    changes: list[Change]
    next: Optional[str]  #: cursor; None: this was the last page
    floor: int  #: the oldest revision that is still kept

    @classmethod
    def _of(cls, page: ctypes.c_void_p) -> HistoryPage:
        return cls(_changes_of(page), c("change_page_next", page).optional(), c("change_page_floor", page))


# --- What a store says of itself. ---


@dataclass(frozen=True)
class Settings:
    """The settings of a store, by name."""

    values: Mapping[str, int]
    version: int

    @classmethod
    def _of(cls, settings: ctypes.c_void_p) -> Settings:
        values: dict[str, int] = {}
        while (name := c("settings_name", len(values)).optional()) is not None:
            value = ctypes.c_int64()
            call("settings_value", settings, Text.of(name), ctypes.byref(value))
            values[name] = value.value
        return cls(values, c("settings_version", settings))


@dataclass(frozen=True)
class Problem:
    kind: str
    user_id: str  #: where one user is concerned
    what: str


@dataclass(frozen=True)
class Report:
    """What verify() found."""

    revision: int
    users: int
    changes: int
    tokens: int
    digest: str
    problems: list[Problem]

    @property
    def ok(self) -> bool:
        return not self.problems

    @classmethod
    def _of(cls, report: ctypes.c_void_p) -> Report:
        problems = [
            Problem(
                str(c("problem_kind_name", c("report_problem_kind", report, i))),
                str(c("report_problem_user", report, i)),
                str(c("report_problem_what", report, i)),
            )
            for i in range(c("report_problem_count", report))
        ]
        return cls(
            c("report_revision", report),
            c("report_users", report),
            c("report_changes", report),
            c("report_tokens", report),
            str(c("report_digest", report)),
            problems,
        )
