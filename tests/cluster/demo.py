#!/usr/bin/env python3
"""A cluster before your eyes: three nodes, the leader killed, nothing lost.

Usage: demo.py USERTAGS CENSUS.csv     with USERTAGS_ETCD=HOST:PORT,… in the environment, as tools/cluster runs it
"""

import collections
import csv
import os
import pathlib
import signal
import statistics
import sys
import tempfile
import threading
import time

from nodes import Node, Usertags, Writer, await_equal, await_that, leader_of, notes_of

WRITERS = 4
OUTSTANDING = 8192   # creations on their way: whole groups, and a bound
BOLD, PLAIN = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else ("", "")


def title(text: str) -> None:
    print(f"\n{BOLD}{text}{PLAIN}", flush=True)


def say(text: str) -> None:
    print(f"  {text}", flush=True)


def expect(what: str, holds: bool) -> None:
    if not holds:
        raise SystemExit(f"tools/cluster: {what}: it is not so")


class Demo:
    def __init__(self, program: str, census: pathlib.Path, folder: pathlib.Path) -> None:
        self.usertags = Usertags(program, os.environ["USERTAGS_ETCD"])
        self.census, self.folder = census, folder
        self.nodes: list[Node] = []

    def node(self, name: str, *options: str) -> Node:
        node = Node(self.usertags, self.folder / f"{name}.db", name, *options)
        self.nodes.append(node)
        return node

    def restored(self, name: str) -> Node:
        node = self.node(name)
        self.usertags.run("cluster", "restore", node.file, "--from", self.folder / "snapshots")
        return node

    def leader(self) -> Node:
        await_that("a node leads", lambda: leader_of(self.nodes) is not None)
        return leader_of(self.nodes)

    # --- The chapters. ---

    def found(self) -> None:
        title("1. A cluster of three nodes, founded of one empty store")
        first = self.folder / "anna.db"
        self.usertags.run("stream", first, "--init", "--setting", "history_keep_all=1")
        say(self.usertags.run("cluster", "init", "--from", first).replace(f"{self.folder}/", "").strip())
        (self.folder / "snapshots").mkdir()
        self.node("anna", "--snapshots", str(self.folder / "snapshots"), "--snapshot-every", "2s").start()
        self.leader()
        await_that("there is a snapshot", lambda: self.status()["snapshot_entry"] is not None)
        for name in ("bert", "cleo"):
            self.restored(name).start()
        await_that("all follow", lambda: [node.role for node in self.nodes[1:]] == ["following"] * 2
                   and len({node.term for node in self.nodes}) == 1)
        self.show_nodes()

    def load(self) -> None:
        rows = list(csv.reader(self.census.open(newline="")))
        title(f"2. {len(rows) - 1:,} real people, through the leader")
        keys, answers = rows[0][1:], collections.Counter()
        answered = threading.Semaphore(OUTSTANDING)

        def take(answer: dict | None) -> None:
            answers["acknowledged" if answer and "error" not in answer else "refused"] += 1
            answered.release()

        leader, began = self.leader(), time.monotonic()
        for external_id, *values in rows[1:]:
            answered.acquire()
            tags = {key: value for key, value in zip(keys, values) if value}
            leader.send({"create": {"external_id": external_id, "tags": tags}}, take)
        await_that("all are answered", lambda: answers.total() == len(rows) - 1)
        took = time.monotonic() - began
        expect("everybody was created", answers["acknowledged"] == len(rows) - 1)
        say(f"{answers['acknowledged']:,} creations acknowledged in {took:.1f} s, each by a majority of etcd's disks")
        self.people = [row[0] for row in rows[1:]]
        self.show_equal()

    def kill_the_leader(self) -> None:
        title(f"3. {WRITERS} writers, and the leader is killed (kill -9)")
        writers = [self.writer(f"writer{n}") for n in range(1, WRITERS + 1)]
        for writer in writers:
            writer.start()
        time.sleep(2)
        leader, killed = self.leader(), time.monotonic()
        leader.kill()
        say(f"{leader.address} is dead")
        await_that("somebody else leads", lambda: leader_of(self.nodes) not in (None, leader))
        by_others = lambda: [at for writer in writers for at, node in zip(writer.times, writer.answerers)
                             if at > killed and node is not leader]
        await_that("writes are acknowledged again", lambda: bool(by_others()))
        again = min(by_others())
        time.sleep(1)
        for writer in writers:
            writer.end()
        say(f"{self.leader().address} leads, term {self.leader().term}")
        say(f"{BOLD}{again - killed:.2f} s{PLAIN} from the kill to the next acknowledged write (lease: 2 s)")
        self.show_nothing_lost(writers, [node for node in self.nodes if node is not leader])
        leader.start()
        await_that("it follows", lambda: leader.role == "following")
        say(f"{leader.address} is started again, and follows")
        self.show_equal()

    def join(self) -> None:
        title("4. A fourth node joins, from a snapshot")
        began = time.monotonic()
        node = self.restored("dora")
        restored = time.monotonic()
        node.start()
        await_that("it follows", lambda: node.role == "following")
        say(f"the file is there after {restored - began:.1f} s; it follows after {time.monotonic() - began:.1f} s")
        self.show_equal()

    def hand_over(self) -> None:
        title("5. A planned hand-over, while somebody writes")
        writer = self.writer("planner")
        writer.start()
        time.sleep(1)
        began = len(writer.times)
        say(self.usertags.run("cluster", "resign").strip())
        await_that("writes go on", lambda: len(writer.times) > began + 200)
        writer.end()
        gaps = [after - before for before, after in zip(writer.times[began - 1:], writer.times[began:])]
        say(f"{BOLD}{1000 * max(gaps):.0f} ms{PLAIN} without an acknowledgement; "
            f"{1000 * statistics.median(gaps):.1f} ms are usual")
        self.show_nothing_lost([writer], self.nodes)

    def look(self) -> None:
        title("6. What etcd tells of it")
        print(self.usertags.run("cluster", "status").replace(f"{self.folder}/", ""), end="")
        for node in self.nodes:
            node.end()
        say("all nodes have handed over, and ended")

    # --- What they show. ---

    # Each write changes something, and so is in the log.
    def writer(self, name: str) -> Writer:
        def patch(number: int) -> dict:
            person = self.people[number * 7919 % len(self.people)]
            return {"user": person, "tags": {"set": [{"key": "seen-by", "value": f"{name}, {number}"}]}}

        return Writer(name, self.nodes, patch)

    def status(self) -> dict:
        return self.usertags.ask("cluster", "status")

    def show_nodes(self) -> None:
        for node in self.nodes:
            say(f"{node.address:6}{node.role}, term {node.term}")

    def show_equal(self) -> None:
        nodes = [node for node in self.nodes if node.runs]
        proof = await_equal(nodes)
        names = ", ".join(node.address for node in nodes)
        say(f"equal on {names}: revision {proof['revision']}, {proof['users']:,} users, digest {proof['digest']}")

    def show_nothing_lost(self, writers: list[Writer], nodes: list[Node]) -> None:
        await_equal(nodes)
        acknowledged = [token for writer in writers for token in writer.acknowledged]
        for node in nodes:
            notes = notes_of(self.usertags, node.file)
            expect(f"every acknowledged write is in the log of {node.address}, once",
                   all(notes[token] == 1 for token in acknowledged) and max(notes.values()) == 1)
        repeated = sum(writer.repeated for writer in writers)
        say(f"{len(acknowledged):,} writes acknowledged, by {repeated:,} repetitions under their tokens; "
            f"each is in the log of every node, once")


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):   # the folder goes, and with this process all nodes
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    program, census = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="usertags-cluster-") as folder:
        demo = Demo(program, pathlib.Path(census), pathlib.Path(folder))
        demo.found()
        demo.load()
        demo.kill_the_leader()
        demo.join()
        demo.hand_over()
        demo.look()
    print("\ntools/cluster: everything is as it should be")


if __name__ == "__main__":
    main()
