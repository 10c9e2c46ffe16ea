"""usertags: users and their tags, durable in one SQLite file, held whole in memory.

    import usertags

    with usertags.open("users.db") as store:
        store.create_user("user_ext_123", {"tier": "trial"})
        store.apply("user_ext_123", usertags.Batch().update("tier", "gold").set("seats", "12"))
        for user in store.users("tier=gold,seats>10"):
            print(user.external_id, user.tags)

What each call means is said in docs/semantics.md. The module calls the shared library, libusertags.so, through
usertags.h. It is looked for where the environment variable USERTAGS_LIBRARY says; else beside this file, in the
build folders of the checkout in which this file lies, and where the system looks.
"""

from ._error import Error, Violation
from ._library import PATH as library_path
from ._library import c as _c
from ._store import Store, open, open_in_memory
from ._values import (
    Applied,
    Batch,
    Change,
    ChangePage,
    CreateUser,
    DeleteUser,
    EnsureUser,
    FacetPage,
    HistoryPage,
    PatchUser,
    Problem,
    Report,
    Settings,
    TagChange,
    User,
    UserPage,
    Write,
    WriteOptions,
)

__version__ = str(_c("version"))  #: of the library

__all__ = [
    "Applied",
    "Batch",
    "Change",
    "ChangePage",
    "CreateUser",
    "DeleteUser",
    "EnsureUser",
    "Error",
    "FacetPage",
    "HistoryPage",
    "PatchUser",
    "Problem",
    "Report",
    "Settings",
    "Store",
    "TagChange",
    "User",
    "UserPage",
    "Violation",
    "Write",
    "WriteOptions",
    "library_path",
    "open",
    "open_in_memory",
]
