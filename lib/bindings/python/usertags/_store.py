"""The store."""

from __future__ import annotations

import ctypes
import os
import weakref
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Callable, Iterable, Iterator, Mapping, Optional, Union

from ._error import Error, call
from ._library import LogFunction, PositionText, ProgressFunction, Text, c
from ._values import (
    Applied,
    Batch,
    Change,
    ChangePage,
    FacetPage,
    HistoryPage,
    Report,
    Settings,
    User,
    UserPage,
    Write,
    WriteOptions,
    handle,
    milliseconds,
    tag_array,
)

Log = Callable[[str, str], None]  #: of a level ("info", "warning", "error") and one line
Progress = Callable[[int, int], bool]  #: of pages done and in total; answers whether to go on

_DURABILITY = {"full": 1, "relaxed": 2}
_ACCESS = {"read_write": 1, "read_only": 2, "exclusive": 3}
_LEVELS = {1: "info", 2: "warning", 3: "error"}
# enum usertags_option; times are in milliseconds there
_OPTIONS = {
    "create_if_missing": 3,
    "allow_network_file_system": 4,
    "secure_delete": 5,
    "backlog_users": 6,
    "checkpoint_wal_bytes": 7,
    "max_wal_bytes": 8,
    "memory_budget": 9,
    "busy_timeout": 10,
    "slow_commit": 11,
}
_PLAIN = WriteOptions()


class Store:
    """Users and their tags in one SQLite file; made by `open` and `open_in_memory`.

    Any thread may call any method. A call that does not succeed raises `Error`. What calls answer are plain
    values. Times are in seconds. At the end of a `with` block the store is closed.
    """

    def __init__(self, store: int, log: Any) -> None:
        self._store = store
        # Nobody has the object when it goes: no call is under way. `log` lives as long as the store.
        self._finalizer = weakref.finalize(self, lambda handle, log: c("store_free", handle), store, log)
        self._finalizer.atexit = False

    def close(self) -> None:
        """Calls under way finish first; later ones raise store_closed. A second close does nothing."""
        call("close", self._store)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    # --- Writes. Each returns when it is durable and visible. ---

    def create_user(
        self, external_id: str, tags: Mapping[str, str] = {}, *, options: WriteOptions = _PLAIN
    ) -> Applied:
        """Errors: user_exists (with `existing_id`), batch_refused (for the tags), invalid_argument."""
        array = tag_array(tags)
        with options._handle() as given:
            return self._applied("create_user", Text.of(external_id), array, len(array), given)

    def ensure_user(
        self, external_id: str, tags_if_created: Mapping[str, str] = {}, *, options: WriteOptions = _PLAIN
    ) -> Applied:
        """Finds the user, or creates it with these tags: `changed` says which. Errors: batch_refused, invalid_argument."""
        array = tag_array(tags_if_created)
        with options._handle() as given:
            return self._applied("ensure_user", Text.of(external_id), array, len(array), given)

    def apply(self, user: str, batch: Batch, *, options: WriteOptions = _PLAIN) -> Applied:
        """Applies the batch to one user, named by id or external id, whole or not at all.

        Errors: user_not_found, revision_mismatch, batch_refused (with every violation).
        """
        with options._handle() as given, batch._handle() as operations:
            return self._applied("apply", Text.of(user), operations, given)

    def delete_user(self, user: str, *, options: WriteOptions = _PLAIN) -> Applied:
        """Removes the user and all tags. Errors: user_not_found, revision_mismatch."""
        with options._handle() as given:
            return self._applied("delete_user", Text.of(user), given)

    def plan(self, user: str, batch: Batch, *, options: WriteOptions = _PLAIN) -> Applied:
        """What `apply` would answer now. Changes nothing."""
        with options._handle() as given, batch._handle() as operations:
            return self._applied("plan", Text.of(user), operations, given)

    def apply_each(self, writes: Iterable[Write]) -> list[Union[Applied, Error]]:
        """Independent writes, in order: for each what was applied, or its error, which is not raised."""
        return self._outcomes("apply_each", writes)

    def apply_all(self, writes: Iterable[Write]) -> list[Applied]:
        """All writes or none, as one transaction. The error is that of the first that fails, with `item`."""
        return [outcome for outcome in self._outcomes("apply_all", writes) if isinstance(outcome, Applied)]

    # --- Questions. ---

    def find(self, user: str) -> User:
        """The user of this id or external id. Errors: user_not_found."""
        with handle("user") as found:
            call("find", self._store, Text.of(user), ctypes.byref(found))
            return User._of(found.value)

    def list_users(
        self, *, limit: int = 100, after: Optional[str] = None, timeout: Optional[float] = None
    ) -> UserPage:
        """All users, a page at a time, in the order of their creation."""
        with _reading(limit, after, timeout) as options, handle("user_page") as page:
            call("list", self._store, options, ctypes.byref(page))
            return UserPage._of(page)

    def select(
        self, selector: str, *, limit: int = 100, after: Optional[str] = None, timeout: Optional[float] = None
    ) -> UserPage:
        """The users whom the selector matches, a page at a time. Errors: invalid_selector (with `position`)."""
        with _reading(limit, after, timeout) as options, handle("user_page") as page:
            call("select", self._store, Text.of(selector), options, ctypes.byref(page))
            return UserPage._of(page)

    def users(self, selector: str = "", *, page: int = 1000) -> Iterator[User]:
        """Every user whom the selector matches; one that matches throughout comes exactly once."""
        yield from _walk(lambda after: self.select(selector, limit=page, after=after), lambda one: one.users)

    def count(self, selector: str = "", *, timeout: Optional[float] = None) -> int:
        """How many users the selector matches."""
        count = ctypes.c_uint64()
        with _reading(100, None, timeout) as options:
            call("count", self._store, Text.of(selector), options, ctypes.byref(count), None)
        return count.value

    def tag_keys(self, *, prefix: str = "", limit: int = 100, after: Optional[str] = None) -> FacetPage:
        """The keys that users have, with the number of users, a page at a time."""
        with _reading(limit, after, None, prefix) as options, handle("facet_page") as page:
            call("tag_keys", self._store, options, ctypes.byref(page))
            return FacetPage._of(page)

    def tag_values(
        self,
        key: str,
        *,
        prefix: str = "",
        limit: int = 100,
        after: Optional[str] = None,
        by_users: bool = False,
    ) -> FacetPage:
        """The values of a key, with the number of users; `by_users`: only the first, most users first."""
        with _reading(limit, after, None, prefix, by_users) as options, handle("facet_page") as page:
            call("tag_values", self._store, Text.of(key), options, ctypes.byref(page))
            return FacetPage._of(page)

    def keys(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Every key, with the number of users."""
        yield from _walk(
            lambda after: self.tag_keys(prefix=prefix, limit=1000, after=after), lambda one: one.counts.items()
        )

    def values(self, key: str, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Every value of the key, with the number of users."""
        yield from _walk(
            lambda after: self.tag_values(key, prefix=prefix, limit=1000, after=after),
            lambda one: one.counts.items(),
        )

    # --- Changes. ---

    @property
    def revision(self) -> int:
        """That of the newest visible change; 0 for a new store."""
        return self._number("revision")

    @property
    def position(self) -> str:
        """The place behind the newest visible change."""
        place = PositionText()
        call("get_position", self._store, ctypes.byref(place))
        return str(place.text.decode())

    def changes(self, after: str = "", *, limit: int = 1000) -> ChangePage:
        """What was changed behind a position ("": before the first change), whole transactions at a time.

        Errors: history_pruned (with `floor`), future_revision, invalid_argument (a position of another store).
        """
        with handle("change_page") as page:
            call("changes", self._store, Text.of(after), limit, ctypes.byref(page))
            return ChangePage._of(page)

    def feed(self, after: str = "", *, wait: float = 0, limit: int = 1000) -> Iterator[ChangePage]:
        """Pages of changes, one behind the other: keep `next` of each when its changes are worked off.

        Ends where there is no change yet, and none comes within `wait` seconds.
        """
        while True:
            page = self.changes(after, limit=limit)
            if page.changes:
                yield page
            elif wait <= 0 or not self._comes(page.next, wait):
                return
            after = page.next

    def history(
        self, user: str, *, limit: int = 100, after: Optional[str] = None, timeout: Optional[float] = None
    ) -> HistoryPage:
        """The changes of one user, newest first, a page at a time. A deleted user is found by id."""
        with _reading(limit, after, timeout) as options, handle("change_page") as page:
            call("history", self._store, Text.of(user), options, ctypes.byref(page))
            return HistoryPage._of(page)

    def history_of(self, user: str) -> Iterator[Change]:
        """Every change of one user that is kept, newest first."""
        yield from _walk(lambda after: self.history(user, limit=1000, after=after), lambda one: one.changes)

    def wait_for_changes(self, after: str, timeout: float) -> int:
        """Waits for a change behind the position, and returns the newest revision. Errors: timeout."""
        return self._number("wait_for_changes", Text.of(after), milliseconds(timeout))

    def refresh(self) -> int:
        """Brings a read-only store to where its file is. Returns the newest visible revision."""
        return self._number("refresh")

    def read_at_least(self, revision: int, timeout: float) -> int:
        """Waits until reads show at least this revision. Errors: timeout (with `current_revision`)."""
        return self._number("read_at_least", revision, milliseconds(timeout))

    # --- Care. ---

    def settings(self) -> Settings:
        with self._settings() as settings:
            return Settings._of(settings)

    def change_settings(self, values: Mapping[str, int], *, expected_version: Optional[int] = None) -> Settings:
        """Changes the settings that are named; what is not named stays. Returns the settings as they are then.

        Errors: settings_mismatch (with `current_version`) where they are not at `expected_version`, or where
        somebody else changes them at the same time.
        """
        with self._settings() as settings, handle("settings") as now:
            version = c("settings_version", settings) if expected_version is None else expected_version
            _set(settings, values)
            call("change_settings", self._store, settings, version, ctypes.byref(now))
            return Settings._of(now)

    def verify(self) -> Report:
        """Proves what can be proved. Problems are in the report; an error means that there is no report."""
        with handle("report") as report:
            call("verify", self._store, ctypes.byref(report))
            return Report._of(report)

    def backup(self, target: Union[str, os.PathLike[str]], progress: Optional[Progress] = None) -> None:
        """Makes an online copy. `progress` must not call the store; what it raises ends the call, and is raised."""
        raised: list[BaseException] = []

        def goes_on(_: Any, done: int, total: int) -> bool:
            try:
                return progress is None or bool(progress(done, total))
            except BaseException as problem:  # noqa: BLE001: it is raised below
                raised.append(problem)
                return False

        try:
            call("backup", self._store, Text.of(os.fspath(target)), ProgressFunction(goes_on), None)
        except Error:
            if raised:
                raise raised[0]
            raise

    def maintain(self, budget: float) -> None:
        """Does housekeeping for up to `budget` seconds, or until nothing is left to do."""
        call("maintain", self._store, milliseconds(budget))

    def metrics(self) -> str:
        """Figures of the store in the text format of OpenMetrics."""
        with handle("metrics") as metrics:
            call("get_metrics", self._store, ctypes.byref(metrics))
            return str(c("metrics_text", metrics))

    # --- What these are made of. ---

    def _applied(self, name: str, *arguments: Any) -> Applied:
        with handle("applied") as applied:
            call(name, self._store, *arguments, ctypes.byref(applied))
            return Applied._of(applied.value)

    def _outcomes(self, name: str, writes: Iterable[Write]) -> list[Union[Applied, Error]]:
        with handle("writes") as added, handle("outcomes") as outcomes:
            call("writes_new", ctypes.byref(added))
            for write in writes:
                write._add(added)
            call(name, self._store, added, ctypes.byref(outcomes))
            answers: list[Union[Applied, Error]] = []
            for i in range(c("outcomes_size", outcomes)):
                error = c("outcomes_error", outcomes, i)
                answers.append(Error._of(error) if error else Applied._of(c("outcomes_applied", outcomes, i)))
            return answers

    def _number(self, name: str, *arguments: Any) -> int:
        number = ctypes.c_uint64()
        call(name, self._store, *arguments, ctypes.byref(number))
        return number.value

    def _comes(self, after: str, wait: float) -> bool:
        try:
            self.wait_for_changes(after, wait)
            return True
        except Error as error:
            if error.code == "timeout":
                return False
            raise

    @contextmanager
    def _settings(self) -> Iterator[ctypes.c_void_p]:
        with handle("settings") as settings:
            call("get_settings", self._store, ctypes.byref(settings))
            yield settings


def open(
    path: Union[str, os.PathLike[str]],
    *,
    access: str = "read_write",
    durability: str = "full",
    settings: Optional[Mapping[str, int]] = None,
    log: Optional[Log] = None,
    **options: Union[int, float],
) -> Store:
    """Opens the store in the SQLite file at `path`, or makes it.

    access: "read_write", "read_only" (beside a live writer) or "exclusive". durability: "full" or "relaxed".
    settings: those of a new store, by name; a store that is there must have them. log: called with level and
    line, on any thread; it must not call the store. Other options: create_if_missing, allow_network_file_system, secure_delete,
    backlog_users, checkpoint_wal_bytes, max_wal_bytes, memory_budget, busy_timeout and slow_commit (seconds).
    """
    return _open("open", [Text.of(os.fspath(path))], access, durability, settings, log, options)


def open_in_memory(
    *,
    settings: Optional[Mapping[str, int]] = None,
    log: Optional[Log] = None,
    **options: Union[int, float],
) -> Store:
    """The same engine without a file: everything is gone at close."""
    return _open("open_in_memory", [], "read_write", "full", settings, log, options)


def _open(
    name: str,
    where: list[Text],
    access: str,
    durability: str,
    settings: Optional[Mapping[str, int]],
    log: Optional[Log],
    options: Mapping[str, Union[int, float]],
) -> Store:
    callback = None
    if log is not None:
        told = log
        callback = LogFunction(lambda _, level, line: told(_LEVELS.get(level, "info"), str(line)))
    with handle("options") as given, handle("settings") as wanted:
        call("options_new", ctypes.byref(given))
        call("options_set", given, 1, _DURABILITY[durability])
        call("options_set", given, 2, _ACCESS[access])
        for option, value in options.items():
            is_time = option in ("busy_timeout", "slow_commit")
            call("options_set", given, _OPTIONS[option], milliseconds(value) if is_time else int(value))
        if settings is not None:
            call("settings_new", ctypes.byref(wanted))
            _set(wanted, settings)
            call("options_set_settings", given, wanted)
        if callback is not None:
            call("options_set_log", given, callback, None)
        store = ctypes.c_void_p()
        call(name, *where, given, ctypes.byref(store))
    assert store.value is not None
    return Store(store.value, callback)


def _set(settings: ctypes.c_void_p, values: Mapping[str, int]) -> None:
    for name, value in values.items():
        call("settings_set", settings, Text.of(name), value)


@contextmanager
def _reading(
    limit: int, after: Optional[str], timeout: Optional[float], prefix: str = "", by_users: bool = False
) -> Iterator[ctypes.c_void_p]:
    with handle("read_options") as options:
        call("read_options_new", ctypes.byref(options))
        call("read_options_set_limit", options, limit)
        if after is not None:
            call("read_options_set_after", options, Text.of(after))
        if prefix:
            call("read_options_set_prefix", options, Text.of(prefix))
        if by_users:
            call("read_options_set_by_users", options, True)
        if timeout is not None:
            call("read_options_set_timeout_ms", options, milliseconds(timeout))
        yield options


def _walk(page_behind: Callable[[Optional[str]], Any], items: Callable[[Any], Any]) -> Iterator[Any]:
    """The items of one page after the other."""
    after: Optional[str] = None
    while True:
        page = page_behind(after)
        yield from items(page)
        after = page.next
        if after is None:
            return
