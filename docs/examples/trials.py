#!/usr/bin/env python3
"""Ends trials that are over: what a service runs every night.

Users carry `trial_until=UNIX_SECONDS`. For each whose time has come the tag is removed, and the tier becomes `free`, in
one batch. It is guarded by the value that was read: who has bought a longer trial meanwhile is left alone. A second run
finds nothing to do.

Usage: trials.py STORE NOW
"""

import sys
from collections.abc import Iterator

import usertags


def ends(store: usertags.Store, now: int) -> Iterator[usertags.PatchUser]:
    """The write that each trial's end is."""
    for user in store.users(f"trial_until<{now}"):
        over = usertags.Batch().erase("trial_until", expected_value=user.tags["trial_until"]).set("tier", "free")
        yield usertags.PatchUser(user.id, over, usertags.WriteOptions(note="the trial is over"))


def main(path: str, now: int) -> int:
    ended = left = 0
    with usertags.open(path, create_if_missing=False) as store:
        for outcome in store.apply_each(ends(store, now)):
            if isinstance(outcome, usertags.Applied):
                ended += 1
            elif outcome.code in ("batch_refused", "user_not_found"):   # changed meanwhile
                left += 1
            else:
                raise outcome
        print(f"{ended} ended, {left} left alone, {store.count('trial_until')} go on")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], int(sys.argv[2])))
    except usertags.Error as error:
        sys.exit(f"trials.py: {error}")
