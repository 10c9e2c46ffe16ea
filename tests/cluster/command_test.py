#!/usr/bin/env python3
"""`usertags cluster` as processes, over etcd.

Usage: command_test.py USERTAGS [unittest's arguments]     with USERTAGS_ETCD=HOST:PORT,… in the environment
"""

import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from nodes import Node, Usertags, await_equal, await_that, leader_of

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
ETCD = os.environ["USERTAGS_ETCD"]
names = (f"test{os.getpid()}-{n}" for n in itertools.count())


def creation(name: str) -> dict:
    return {"create": {"external_id": name, "tags": {"tier": "gold"}}}


class ClusterTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.usertags = Usertags(PROGRAM, ETCD, next(names))
        self.nodes: list[Node] = []

    def tearDown(self) -> None:
        for node in self.nodes:
            if node.runs:
                node.kill()

    def founded(self, *options: str) -> Node:
        """The first node of a cluster of the test's own; not started."""
        file = self.folder / "anna.db"
        self.usertags.run("create-user", file, "first", "--init")
        self.usertags.run("cluster", "init", "--from", file)
        return self.node("anna", *options)

    def node(self, name: str, *options: str) -> Node:
        node = Node(self.usertags, self.folder / f"{name}.db", name, *options)
        self.nodes.append(node)
        return node

    def two_nodes(self) -> tuple[Node, Node]:
        (self.folder / "snapshots").mkdir()
        first = self.founded("--snapshots", str(self.folder / "snapshots"))
        self.leads(first.start())
        await_that("there is a snapshot", lambda: self.status()["snapshot_entry"] is not None)
        second = self.node("bert")
        self.usertags.run("cluster", "restore", second.file, "--from", self.folder / "snapshots")
        second.start()
        await_that("it follows", lambda: second.leader == "anna")
        return first, second

    def leads(self, node: Node) -> None:
        await_that(f"{node.address} leads", lambda: node.role == "leading")

    def status(self) -> dict:
        return self.usertags.ask("cluster", "status")

    def ask(self, node: Node, write: dict) -> dict:
        answer = node.ask(write, 30)
        self.assertIsNotNone(answer, node.lines)
        return answer

    def refused(self, code: str, exit_code: int, *arguments: object) -> str:
        finished = self.usertags.try_run(*arguments, "--json")
        self.assertEqual(finished.returncode, exit_code, finished.stderr)
        error = json.loads(finished.stderr.splitlines()[-1])["error"]
        self.assertEqual(error["code"], code, error)
        return error["message"]


class Running(ClusterTest):
    def test_the_leader_writes_and_others_name_it(self) -> None:
        first, second = self.two_nodes()
        self.assertEqual(self.ask(first, creation("alice"))["revision"], 2)
        error = self.ask(second, creation("bob"))["error"]
        self.assertEqual(error["code"], "not_leader")
        self.assertIn("anna", error["message"])
        self.assertEqual(await_equal([first, second])["users"], 2)

    def test_a_write_is_found_on_every_file_while_nodes_run(self) -> None:
        first, second = self.two_nodes()
        for n in range(50):
            self.ask(first, creation(f"user {n}"))
        await_equal([first, second])
        for node in (first, second):
            self.assertEqual(self.usertags.ask("find", node.file, "user 49")["data"]["external_id"], "user 49")
            self.assertEqual(self.usertags.ask("info", node.file)["users"], 51)
            self.assertEqual(len(self.usertags.run("changes", node.file, "--json").splitlines()), 51)
            self.assertTrue(self.usertags.ask("verify", node.file)["ok"])
            self.assertEqual(self.usertags.ask("count", node.file, "tier=gold")["count"], 50)

    def test_nothing_else_writes_to_the_file(self) -> None:
        first = self.founded()
        self.refused("cluster_member", 3, "create-user", first.file, "somebody")

    def test_a_bad_line_is_answered_in_its_place(self) -> None:
        first = self.founded()
        self.leads(first.start())
        self.assertEqual(self.ask(first, {"nonsense": 1})["error"]["code"], "invalid_argument")
        self.assertEqual(self.ask(first, creation("alice"))["revision"], 2)

    def test_a_token_answers_the_same_after_a_failover(self) -> None:
        first, second = self.two_nodes()
        write = {**creation("alice"), "token": "t"}
        before = self.ask(first, write)
        first.kill()
        self.leads(second)
        after = self.ask(second, write)
        self.assertEqual((after["revision"], after["replayed"]), (before["revision"], True))


class Ending(ClusterTest):
    def test_the_end_of_the_input_ends_it(self) -> None:
        first = self.founded()
        self.leads(first.start())
        self.ask(first, creation("alice"))
        first.close_input()
        self.assertEqual(first.wait(), 0)
        self.assertEqual(first.lines[-1]["role"], "ended")
        self.assertIsNone(self.status()["leader"], "it has handed over")

    def test_it_may_outlive_its_input(self) -> None:
        first = self.founded("--keep-running")
        first.start()
        first.close_input()
        self.leads(first)
        self.assertTrue(first.runs)
        self.assertEqual(first.end(), 128 + signal.SIGTERM)

    def test_a_signal_hands_over(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                if not self.nodes:
                    self.two_nodes()
                leader = leader_of(self.nodes)
                other, = (node for node in self.nodes if node is not leader)
                leader.signal(number)
                self.assertEqual(leader.wait(), 128 + number)
                self.leads(other)
                leader.start()
                await_that("it follows", lambda: leader.role == "following")

    def test_a_planned_hand_over(self) -> None:
        first, second = self.two_nodes()
        self.assertEqual(self.usertags.ask("cluster", "resign")["leader"], "bert")
        self.leads(second)
        self.assertEqual(self.ask(second, creation("alice"))["revision"], 2)

    def test_what_it_says_is_one_line_each(self) -> None:
        file = self.founded().file
        finished = self.usertags.try_run("cluster", "run", file, "--address", "anna", stdin="")
        self.assertEqual(finished.returncode, 0, finished.stderr)
        for line in finished.stderr.splitlines():
            self.assertRegex(line, r"^usertags: (leading|following|ended)\b.* \(term \d+, revision 1\)$")


class Shards(ClusterTest):
    def split(self, users: int, shards: int) -> dict[pathlib.Path, dict]:
        """A store with so many users, and what became of it: by file."""
        whole = self.folder / "whole.db"
        rows = "".join(json.dumps({"external_id": f"user {n}", "tags": {"n": str(n)}}) + "\n" for n in range(users))
        self.usertags.run("load", whole, "-", "--format", "jsonl", "--init", stdin=rows)
        (self.folder / "parts").mkdir()
        self.usertags.run("cluster", "split", whole, "--shards", shards, "--to", self.folder / "parts")
        return {file: {} for file in sorted((self.folder / "parts").glob("*.db"))}

    def test_a_store_is_split_and_each_part_is_a_shard(self) -> None:
        parts = list(self.split(300, 3))
        self.assertEqual([part.name for part in parts], ["shard-0.db", "shard-1.db", "shard-2.db"])
        whole = [json.loads(line) for line in self.usertags.run("dump", self.folder / "whole.db").splitlines()]
        split = [[json.loads(line) for line in self.usertags.run("dump", part).splitlines()] for part in parts]
        self.assertTrue(all(len(users) > 50 for users in split))
        self.assertEqual(sorted(sum(split, []), key=lambda user: user["id"]), whole, "with ids, revisions and tags")
        for shard, part in enumerate(parts):
            self.usertags.run("cluster", "init", "--from", part, "--shards", 3, "--shard", shard)
            node = Node(self.usertags, part, f"node{shard}", "--shard", str(shard))
            self.nodes.append(node)
            self.leads(node.start())
        self.refused("cluster_member", 3, "cluster", "run", parts[0], "--shard", 1)
        for shard, users in enumerate(split):
            found = self.usertags.ask("cluster", "locate", users[0]["id"])
            self.assertEqual((found["shard"], found["leader"]), (shard, f"node{shard}"))
            status = self.usertags.ask("cluster", "status", "--shard", shard)
            self.assertEqual((status["shards"], status["shard"], status["leader"]), (3, shard, f"node{shard}"))
            change = {"user": users[0]["external_id"], "tags": {"set": [{"key": "seen", "value": "yes"}]}}
            for node in self.nodes:
                answer = self.ask(node, change)
                if node is self.nodes[shard]:
                    self.assertTrue(answer["changed"], answer)
                else:
                    self.assertEqual(answer["error"]["code"], "wrong_shard", answer)
        text = self.usertags.run("cluster", "locate", "user 1", "nobody yet")
        self.assertRegex(text, r'^"user 1": shard [012], node[012] leads\n"nobody yet": shard [012], node[012] leads\n$')

    def test_all_parts_are_made_or_none(self) -> None:
        self.split(10, 1)
        whole, parts = self.folder / "whole.db", self.folder / "parts"
        for file in parts.iterdir():
            file.unlink()
        (parts / "shard-1.db").write_text("something else")
        self.refused("invalid_argument", 2, "cluster", "split", whole, "--shards", 2, "--to", parts)
        self.assertEqual([file.name for file in parts.iterdir()], ["shard-1.db"])
        self.assertEqual((parts / "shard-1.db").read_text(), "something else")


class Snapshots(ClusterTest):
    def test_a_node_that_does_not_run_makes_one_too(self) -> None:
        (self.folder / "snapshots").mkdir()
        first = self.founded()
        made = self.usertags.ask("cluster", "snapshot", first.file, "--to", self.folder / "snapshots")
        self.assertEqual(made["revision"], 1)
        self.assertEqual(self.status()["snapshot_entry"], made["entry"])
        restored = self.usertags.ask("cluster", "restore", self.folder / "bert.db", "--from", self.folder / "snapshots")
        self.assertEqual(restored["revision"], 1)

    def test_nothing_is_overwritten(self) -> None:
        first = self.founded()
        self.refused("invalid_argument", 2, "cluster", "restore", first.file, "--from", self.folder)

    def test_without_one_there_is_nothing_to_restore(self) -> None:
        self.founded()
        self.refused("not_a_store", 3, "cluster", "restore", self.folder / "bert.db", "--from", self.folder)
        self.assertFalse((self.folder / "bert.db").exists())


class BadDays(ClusterTest):
    def test_it_was_founded_already(self) -> None:
        first = self.founded()
        self.leads(first.start())
        self.assertEqual(first.end(), 128 + signal.SIGTERM)
        self.refused("cluster_member", 3, "cluster", "init", "--from", first.file)
        self.usertags.run("cluster", "init", "--from", first.file, "--again")
        self.leads(first.start())

    def test_there_is_no_such_cluster(self) -> None:
        self.refused("not_a_store", 3, "cluster", "status")

    def test_the_file_is_of_no_cluster(self) -> None:
        self.founded()
        other = self.folder / "other.db"
        self.usertags.run("create-user", other, "somebody", "--init")
        self.refused("invalid_argument", 2, "cluster", "run", other)

    def test_etcd_is_not_there(self) -> None:
        nobody = Usertags(PROGRAM, "127.0.0.1:1", "nobody")
        finished = nobody.try_run("cluster", "status", "--json")
        self.assertEqual(finished.returncode, 3)
        self.assertIn(json.loads(finished.stderr)["error"]["code"], ("io_error", "timeout"))

    def test_two_processes_of_one_file(self) -> None:
        first = self.founded()
        self.leads(first.start())
        self.refused("store_locked", 3, "cluster", "run", first.file)

    def test_wrong_usage_is_told_in_one_line(self) -> None:
        for arguments in (["cluster"], ["cluster", "nonsense"], ["cluster", "init"],
                          ["cluster", "status", "--cluster", "x"],
                          ["cluster", "status", "--etcd", "x:1"], ["cluster", "run"], ["cluster", "restore", "x.db"],
                          ["cluster", "run", "x.db", "--remote", *self.usertags.cluster_options],
                          ["cluster", "status", "--etcd-user", "root", *self.usertags.cluster_options]):
            finished = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)
            self.assertEqual(finished.returncode, 2, arguments)
            self.assertEqual(len(finished.stderr.splitlines()), 1, finished.stderr)
            self.assertIn("--help)", finished.stderr)


class Help(ClusterTest):
    COMMANDS = ("init", "run", "status", "locate", "resign", "snapshot", "restore", "split")

    def test_each_has_examples(self) -> None:
        listed = self.usertags_help("cluster")
        for name in self.COMMANDS:
            self.assertIn(f"\n  {name} ", listed)
            text = self.usertags_help("cluster", name)
            self.assertIn(f"Usage: usertags cluster {name} ", text)
            self.assertIn("\nExamples:\n", text)
            self.assertLessEqual(max(map(len, text.splitlines())), 110)

    def test_the_examples_run(self) -> None:
        first = self.founded()
        users, writes = self.folder / "users.db", self.folder / "writes.jsonl"
        (self.folder / "snapshots").mkdir()
        self.usertags.run("cluster", "snapshot", first.file, "--to", self.folder / "snapshots")
        self.leads(first.start())
        writes.write_text("")
        (self.folder / "usertags").symlink_to(PROGRAM)
        for name in self.COMMANDS:
            for example in self.examples_of(self.usertags_help("cluster", name)):
                users.unlink(missing_ok=True)
                if name in ("run", "snapshot"):
                    self.usertags.run("cluster", "restore", users, "--from", self.folder / "snapshots")
                elif name in ("init", "split"):
                    self.usertags.run("create-user", users, "somebody", "--init")
                    shutil.rmtree(self.folder / "parts", ignore_errors=True)
                    (self.folder / "parts").mkdir()
                    if "cluster split" not in example:
                        self.usertags.run("cluster", "split", users, "--shards", 4, "--to", self.folder / "parts")
                self.run_example(example, "cluster init" in example, "--keep-running" in example)

    def run_example(self, example: str, founds: bool, goes_on: bool) -> None:
        cluster = next(names) if founds else self.usertags.cluster_options[1]
        line = re.sub(r"10\.0\.0\.1:2379[0-9.:,]*", ETCD, example).replace("--cluster accounts", f"--cluster {cluster}")
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}
        with subprocess.Popen(["bash", "-o", "pipefail", "-c", f"exec {line}" if goes_on else line], cwd=self.folder,
                              env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
            if goes_on:
                running.stdout.readline()   # it has joined
                running.send_signal(signal.SIGINT)
            said, _ = running.communicate(timeout=60)
            self.assertEqual(running.returncode, 130 if goes_on else 0, line + said)

    def examples_of(self, text: str) -> list[str]:
        examples = text.split("\nExamples:\n")[1].replace("\\\n", " ")
        return [line.strip() for line in examples.splitlines() if line.startswith("  ")]

    def usertags_help(self, *words: str) -> str:
        return subprocess.run([PROGRAM, *words, "--help"], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    unittest.main()
