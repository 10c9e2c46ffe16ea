"""The Python module, over the shared library that USERTAGS_LIBRARY names."""

import gc
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import unittest
from datetime import datetime, timezone
from pathlib import Path

import usertags
from usertags import Batch, CreateUser, DeleteUser, EnsureUser, Error, PatchUser, WriteOptions
from usertags._library import _ACCESSORS, _CALLS, _FREED

CHECKOUT = Path(__file__).resolve().parents[3]


class InMemory(unittest.TestCase):
    def setUp(self):
        self.store = usertags.open_in_memory()
        self.addCleanup(self.store.close)

    def refused(self, code, function, *arguments, **named):
        with self.assertRaises(Error) as caught:
            function(*arguments, **named)
        self.assertEqual(caught.exception.code, code)
        return caught.exception


class Writes(InMemory):
    def test_one_user(self):
        made = self.store.create_user("ada", {"tier": "trial", "empty": "", "città": "Forlì"})
        self.assertEqual((made.revision, made.changed, made.replayed), (1, True, False))
        self.assertEqual(made.user.tags, {"tier": "trial", "empty": "", "città": "Forlì"})
        self.assertEqual(list(made.user.tags), ["città", "empty", "tier"])
        batch = Batch().create("new", "1").update("tier", "gold", expected_value="trial").erase("empty", must_exist=True)
        self.assertEqual(len(batch), 3)
        planned = self.store.plan("ada", batch)
        applied = self.store.apply(made.user.id, batch, options=WriteOptions(expected_revision=1, note="me"))
        self.assertEqual(planned.user, applied.user)
        self.assertEqual(self.store.find("ada"), applied.user)
        self.assertFalse(self.store.apply("ada", Batch().set("tier", "gold")).changed)
        gone = self.store.delete_user("ada")
        self.assertIsNone(gone.user)
        self.refused("user_not_found", self.store.find, "ada")

    def test_tokens_and_timeouts(self):
        once = WriteOptions(token="t-1")
        self.store.create_user("ada", options=once)
        self.assertTrue(self.store.create_user("ada", options=once).replayed)
        self.refused("token_reused", self.store.create_user, "bob", options=once)
        self.refused("timeout", self.store.create_user, "bob", options=WriteOptions(timeout=0))
        self.store.create_user("bob", options=WriteOptions(timeout=1e18))

    def test_many(self):
        self.store.create_user("ada")
        writes = [
            CreateUser("bob", {"tier": "gold"}),
            PatchUser("nobody", Batch().set("tier", "gold")),
            DeleteUser("ada"),
        ]
        self.assertEqual(self.refused("user_not_found", self.store.apply_all, writes).item, 1)
        created, missing, deleted = self.store.apply_each(iter(writes))
        self.assertEqual(created.user.external_id, "bob")
        self.assertIsInstance(missing, Error)
        self.assertEqual(missing.code, "user_not_found")
        self.assertIsNone(deleted.user)
        self.assertEqual([one.revision for one in self.store.apply_all([CreateUser("cyd"), DeleteUser("bob")])], [4, 5])
        self.assertEqual(self.store.apply_each([]), [])


class Errors(InMemory):
    def test_what_they_name(self):
        ada = self.store.create_user("ada", {"tier": "gold"}).user
        exists = self.refused("user_exists", self.store.create_user, "ada")
        self.assertEqual(exists.existing_id, ada.id)
        self.assertEqual(exists.number, 3)
        self.assertIn("ada", str(exists))
        self.assertTrue(exists.message.startswith(exists.what))
        self.assertIsNone(exists.position)
        mismatch = self.refused("revision_mismatch", self.store.delete_user, "ada", options=WriteOptions(expected_revision=9))
        self.assertEqual(mismatch.current_revision, 1)
        self.assertEqual(self.refused("invalid_selector", self.store.count, "tier=gold,(").position, 10)
        again = pickle.loads(pickle.dumps(mismatch))
        self.assertEqual((again.code, again.current_revision, str(again)), (mismatch.code, 1, str(mismatch)))

    def test_ensured_users(self):
        self.assertTrue(self.store.ensure_user("ada", {"tier": "trial"}).changed)
        again = self.store.ensure_user("ada", {"tier": "gold"})
        self.assertEqual((again.changed, again.revision, again.user.tags), (False, 1, {"tier": "trial"}))
        both = self.store.apply_each([EnsureUser("ada"), EnsureUser("bob", {"tier": "gold"})])
        self.assertEqual([one.changed for one in both], [False, True])
        self.refused("invalid_argument", self.store.ensure_user, "")

    def test_violations(self):
        self.store.create_user("ada", {"tier": "gold"})
        batch = Batch().create("tier", "x").set("a#b", "").set("k" * 51, "").set("bad\udcff", "").set("tier", "y")
        error = self.refused("batch_refused", self.store.apply, "ada", batch)
        by_reason = {violation.reason: violation for violation in error.violations}
        exists = by_reason["key_exists"]
        self.assertEqual((exists.subject, exists.operation, exists.key, exists.current, exists.index), ("key", "create", "tier", "gold", 0))
        self.assertEqual((by_reason["forbidden_character"].character, by_reason["forbidden_character"].position), ("#", 1))
        self.assertEqual((by_reason["key_too_long"].limit, by_reason["key_too_long"].found), (50, 51))
        self.assertEqual(by_reason["malformed_utf8"].key, "bad\udcff")
        self.assertEqual((by_reason["duplicate_key"].first_index, by_reason["duplicate_key"].first_operation), (0, "create"))

    def test_closed(self):
        self.store.close()
        self.store.close()
        self.refused("store_closed", self.store.find, "ada")
        self.refused("store_closed", lambda: self.store.position)


class Questions(InMemory):
    def setUp(self):
        super().setUp()
        for i in range(25):
            self.store.create_user(f"u{i:02}", {"tier": "gold" if i % 5 == 0 else "trial", "n": str(i)})

    def test_pages(self):
        page = self.store.list_users(limit=10)
        self.assertEqual([user.external_id for user in page.users], [f"u{i:02}" for i in range(10)])
        self.assertEqual(page.revision, 25)
        rest = self.store.list_users(limit=100, after=page.next)
        self.assertEqual(len(rest.users), 15)
        self.assertIsNone(rest.next)
        self.refused("invalid_cursor", self.store.select, "tier=gold", after=page.next)
        self.refused("timeout", self.store.select, "n>3", timeout=0)

    def test_iteration(self):
        self.assertEqual(sum(1 for _ in self.store.users(page=4)), 25)
        self.assertEqual([user.external_id for user in self.store.users("tier=gold", page=2)], ["u00", "u05", "u10", "u15", "u20"])
        self.assertEqual(self.store.count("tier=gold"), 5)
        self.assertEqual(self.store.count(), 25)

    def test_facets(self):
        self.assertEqual(dict(self.store.keys()), {"n": 25, "tier": 25})
        self.assertEqual(list(self.store.keys("t")), [("tier", 25)])
        self.assertEqual(dict(self.store.values("tier")), {"gold": 5, "trial": 20})
        self.assertEqual(list(self.store.tag_values("tier", by_users=True, limit=1).counts), ["trial"])
        page = self.store.tag_values("n", limit=10)
        self.assertEqual(len(page.counts), 10)
        self.assertEqual(len(self.store.tag_values("n", limit=100, after=page.next).counts), 15)
        self.assertEqual(dict(self.store.values("n", prefix="2")), {str(n): 1 for n in [2, 20, 21, 22, 23, 24]})


class Changes(InMemory):
    def test_feed(self):
        start = self.store.position
        self.store.create_user("ada", {"tier": "trial"})
        self.store.apply("ada", Batch().set("tier", "gold").set("seen", ""))
        ada = self.store.delete_user("ada", options=WriteOptions(note="gone"))
        pages = list(self.store.feed(start, limit=1))
        changes = [change for page in pages for change in page.changes]
        self.assertEqual([change.kind for change in changes], ["created", "patched", "deleted"])
        self.assertEqual(pages[-1].next, self.store.position)
        self.assertEqual([(one.key, one.value, one.before) for one in changes[1].tags], [("seen", "", None), ("tier", "gold", "trial")])
        self.assertEqual(changes[2].note, "gone")
        self.assertEqual(changes[2].revision, ada.revision)
        self.assertLess(abs((datetime.now(timezone.utc) - changes[0].at).total_seconds()), 3600)
        self.assertEqual(list(self.store.history_of(changes[0].user_id)), changes[::-1])
        self.assertEqual(self.store.history(changes[0].user_id, limit=1).changes, changes[2:])
        self.refused("invalid_argument", self.store.changes, "nonsense")

    def test_waiting(self):
        feed = self.store.feed(self.store.position, wait=60)
        writer = threading.Thread(target=self.store.create_user, args=("ada",))
        writer.start()
        self.assertEqual(next(feed).changes[0].external_id, "ada")
        writer.join()
        self.refused("timeout", self.store.wait_for_changes, self.store.position, 0)
        self.assertEqual(list(self.store.feed(self.store.position, wait=0.001)), [])

    def test_closing_ends_waiting(self):
        codes = []

        def follow():
            try:
                for _ in self.store.feed(wait=600):
                    pass
            except Error as error:
                codes.append(error.code)

        follower = threading.Thread(target=follow)
        follower.start()
        self.store.create_user("ada")
        self.store.close()
        follower.join()
        self.assertEqual(codes, ["store_closed"])


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_open(self):
        path = self.folder / "users.db"
        with self.assertRaises(Error) as missing:
            usertags.open(path, create_if_missing=False)
        self.assertEqual(missing.exception.code, "not_a_store")
        lines = []
        with usertags.open(path, settings={"tags_per_user": 1}, durability="relaxed", slow_commit=0,
                           log=lambda level, line: lines.append((level, line))) as store:  # fmt: skip
            store.create_user("ada", {"tier": "gold"})
            with self.assertRaises(Error):
                store.apply("ada", Batch().set("more", "1"))
            with self.assertRaises(Error) as locked:
                usertags.open(path)
            self.assertEqual(locked.exception.code, "store_locked")
        self.assertTrue(lines)
        with usertags.open(path) as store:
            self.assertEqual(store.find("ada").tags, {"tier": "gold"})
            self.assertEqual(store.settings().values["tags_per_user"], 1)
            self.assertEqual(store.revision, 1)
        with self.assertRaises(KeyError):
            usertags.open(path, no_such_option=1)

    def test_settings(self):
        with usertags.open(self.folder / "users.db") as store:
            before = store.settings()
            after = store.change_settings({"history_min_changes": 5})
            self.assertEqual(after.version, before.version + 1)
            self.assertEqual(dict(after.values), {**before.values, "history_min_changes": 5})
            with self.assertRaises(Error) as mismatch:
                store.change_settings({"history_min_changes": 6}, expected_version=before.version)
            self.assertEqual(mismatch.exception.current_version, after.version)

    def test_follower(self):
        path = self.folder / "users.db"
        with usertags.open(path) as writer, usertags.open(path, access="read_only") as reader:
            writer.create_user("ada")
            self.assertEqual(reader.refresh(), 1)
            writer.create_user("bob")
            self.assertEqual(reader.read_at_least(2, timeout=60), 2)
            self.assertEqual([user.external_id for user in reader.users()], ["ada", "bob"])
            with self.assertRaises(Error) as refused:
                reader.create_user("cyd")
            self.assertEqual(refused.exception.code, "read_only")

    def test_care(self):
        with usertags.open(self.folder / "users.db") as store:
            store.create_user("ada", {"tier": "gold"})
            report = store.verify()
            self.assertTrue(report.ok)
            self.assertEqual((report.users, report.revision, len(report.digest)), (1, 1, 32))
            told = []
            store.backup(self.folder / "copy.db", lambda done, total: told.append((done, total)) or True)
            self.assertTrue(told)
            with self.assertRaises(Error) as cancelled:
                store.backup(self.folder / "other.db", lambda done, total: False)
            self.assertEqual(cancelled.exception.code, "cancelled")
            with self.assertRaises(ZeroDivisionError):
                store.backup(self.folder / "other.db", lambda done, total: 1 // 0)
            self.assertFalse((self.folder / "other.db").exists())
            store.maintain(1)
            self.assertIn("usertags_users 1", store.metrics())
        with usertags.open(self.folder / "copy.db") as copy:
            self.assertEqual(copy.verify().digest, report.digest)

    def test_a_store_that_nobody_has_is_freed(self):
        path = self.folder / "users.db"
        usertags.open(path).create_user("ada")
        gc.collect()
        with usertags.open(path) as store:   # else it is locked
            self.assertEqual(store.count(), 1)

    def test_threads(self):
        with usertags.open_in_memory() as store:
            def work(number):
                for i in range(50):
                    store.create_user(f"t{number}-{i}", {"thread": str(number)})
                    store.find(f"t{number}-{i}")

            threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(dict(store.values("thread")), {str(number): 50 for number in range(4)})


class Library(unittest.TestCase):
    def test_version(self):
        self.assertRegex(usertags.__version__, r"^\d+\.\d+\.\d+$")

    def test_missing(self):
        environment = {**os.environ, "USERTAGS_LIBRARY": "/no/such/libusertags.so"}
        run = subprocess.run([sys.executable, "-c", "import usertags"], env=environment, capture_output=True, text=True)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("ImportError: no libusertags.so", run.stderr)

    @unittest.skipUnless(list(CHECKOUT.glob("build/*/lib/libusertags.so")), "built elsewhere")
    def test_found_in_the_build_folder(self):
        environment = {name: value for name, value in os.environ.items() if name != "USERTAGS_LIBRARY"}
        code = "import usertags; print(usertags.library_path)"
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        self.assertIn("/build/", run.stdout)

    def test_knows_every_call_of_the_library(self):
        symbols = (CHECKOUT / "tests/install/symbols-c.txt").read_text().split()
        exported = {symbol.removeprefix("usertags_") for symbol in symbols}
        known = {*_CALLS, *_ACCESSORS, *(name + "_free" for name in _FREED)}
        # What Python does without: batches and lists of writes are its own, and so are tags of users.
        without = {"batch_clear", "batch_size", "writes_clear", "writes_size", "user_value"}
        self.assertEqual(known, exported - without)


if __name__ == "__main__":
    unittest.main()
