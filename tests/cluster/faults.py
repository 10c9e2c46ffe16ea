#!/usr/bin/env python3
"""A cluster under faults, as processes: three etcds and three nodes, and the network between them.

Writers repeat under its token what was not acknowledged. Meanwhile, by a seed: kill -9 and SIGSTOP of nodes and of
etcds, hand-overs, nodes that are made anew from a snapshot, and proxies that hold, delay and cut what goes between a
node and etcd, or between etcds, one way or both. What has to hold:

  every acknowledged write is in the log of every node at the end, once, with the revision that it was acknowledged with
  an entry is the same on every node, with revision and digest, whenever it is looked at
  terms never fall, and each is of one process
  what a file shows never goes back

Usage: faults.py USERTAGS [--minutes N] [--seed N] [--keep]     exit code 1 where something does not hold
"""

import argparse
import collections
import contextlib
import json
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from nodes import Node, Usertags, Writer, await_equal, await_that, ending_with_us, leader_of
from proxies import Proxy, serve

USERS = 500
WRITERS = 6
SETTLED_WITHIN_S = 120


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Breach(Exception):
    """A promise that was broken."""


class Etcds:
    """Three etcds. Each talks to the others by way of the proxies that stand before them."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        ports = free_ports(9)
        self.clients, self.peers = ports[:3], ports[3:6]
        self.proxies = [Proxy(port, peer) for port, peer in zip(ports[6:], self.peers)]
        serve(self.proxies)
        self.processes = [self._start(n) for n in range(3)]

    def _start(self, n: int) -> subprocess.Popen:
        all_of_them = ",".join(f"etcd{i}=http://127.0.0.1:{proxy.port}" for i, proxy in enumerate(self.proxies))
        client = f"http://127.0.0.1:{self.clients[n]}"
        return subprocess.Popen(
            ending_with_us(["etcd", "--name", f"etcd{n}", "--data-dir", str(self.folder / f"etcd{n}"),
                            "--listen-client-urls", client, "--advertise-client-urls", client,
                            "--listen-peer-urls", f"http://127.0.0.1:{self.peers[n]}",
                            "--initial-advertise-peer-urls", f"http://127.0.0.1:{self.proxies[n].port}",
                            "--initial-cluster", all_of_them, "--initial-cluster-state", "new",
                            "--snapshot-count", "2000", "--log-level", "error"]),
            stdout=subprocess.DEVNULL, stderr=(self.folder / f"etcd{n}.log").open("a"))

    def restart(self, n: int) -> None:
        if self.processes[n].poll() is not None:   # else it was killed twice, and is there again
            self.processes[n] = self._start(n)


class Watcher(threading.Thread):
    """Looks at the nodes' files all the time, as any process may."""

    def __init__(self, nodes: list[Node]) -> None:
        super().__init__(daemon=True)
        self._nodes = nodes
        self._entries: dict[int, tuple] = {}   # what an entry leads to
        self._shown: dict[str, int] = {}       # the entry that each node's file has shown
        self._looking = threading.Lock()
        self.looks = 0
        self.breach: str | None = None
        self._ending = threading.Event()

    def run(self) -> None:
        while not self._ending.wait(0.05) and self.breach is None:
            for node in self._nodes:
                with self._looking:
                    self._look(node)

    @contextlib.contextmanager
    def while_renewed(self, node: Node):
        """The node gets another file meanwhile, which may be older."""
        with self._looking:
            self._shown.pop(node.address, None)
            yield

    def _look(self, node: Node) -> None:
        try:
            with contextlib.closing(sqlite3.connect(f"file:{node.file}?mode=ro", uri=True, timeout=1)) as file:
                entry, *state = file.execute(
                    "SELECT entry, revision, hex(digest), hex(entry_checksum) FROM state").fetchone()
        except (OSError, sqlite3.Error, TypeError):
            return   # it is being made
        self.looks += 1
        if self._entries.setdefault(entry, tuple(state)) != tuple(state):
            self.breach = f"entry {entry} is {state} at {node.address}, and was {self._entries[entry]}"
        if self._shown.get(node.address, 0) > entry:
            self.breach = f"{node.address} goes back from entry {self._shown[node.address]} to {entry}"
        self._shown[node.address] = entry

    def end(self) -> None:
        self._ending.set()
        self.join()


class Faults:
    def __init__(self, program: str, folder: pathlib.Path, seed: int) -> None:
        self.program, self.folder = program, folder
        self.random = random.Random(seed)
        self.counts: collections.Counter[str] = collections.Counter()
        self.etcds = Etcds(folder)
        self.usertags = Usertags(program, self.direct(), "faults")
        self.snapshots = folder / "snapshots"
        self.nodes: list[Node] = []
        self.watcher = Watcher(self.nodes)
        self.asked: list[subprocess.Popen] = []   # to hand over
        self.links: list[list[Proxy]] = []   # of each node, to each etcd
        self.down: dict[Node, float] = {}    # who is down on purpose, until when
        self.heal: list[tuple[float, object]] = []

    def direct(self) -> str:
        return ",".join(f"127.0.0.1:{port}" for port in self.etcds.clients)

    # --- Beginning. ---

    def begin(self) -> None:
        await_that("etcd answers", lambda: self.usertags.try_run("cluster", "status").stderr.find("no cluster") >= 0)
        first = self.folder / "node0.db"
        users = "".join(json.dumps({"create": {"external_id": f"user {n}"}}) + "\n" for n in range(USERS))
        self.usertags.run("stream", first, "--init", "--setting", "history_keep_all=1", stdin=users)
        self.usertags.run("cluster", "init", "--from", first)
        self.snapshots.mkdir()
        for n in range(3):
            self.add_node(n)
        self.nodes[0].start()
        await_that("there is a snapshot", lambda: self.usertags.ask("cluster", "status")["snapshot_entry"] is not None)
        for node in self.nodes[1:]:
            self.restore(node)
            node.start()
        await_that("somebody leads", lambda: leader_of(self.nodes) is not None)

    def add_node(self, n: int) -> None:
        links = [Proxy(port, client) for port, client in zip(free_ports(3), self.etcds.clients)]
        serve(links)
        etcd = ",".join(f"127.0.0.1:{link.port}" for link in links)
        options = ["--snapshots", str(self.snapshots), "--snapshot-every", "10s"] if n < 2 else []
        usertags = Usertags(self.program, etcd, "faults")
        self.nodes.append(Node(usertags, self.folder / f"node{n}.db", f"node{n}", *options))
        self.links.append(links)

    def restore(self, node: Node) -> None:
        with self.watcher.while_renewed(node):
            for file in self.folder.glob(node.file.name + "*"):
                file.unlink()
            for _ in range(20):   # etcd may be away, and the snapshot that it fetches may be succeeded meanwhile
                restored = self.usertags.try_run("cluster", "restore", node.file, "--from", self.snapshots)
                if restored.returncode == 0:
                    return
                time.sleep(0.5)
        raise Breach(f"{node.address} cannot be restored: {restored.stderr}")

    # --- Faults. Each begins here, and ends by what is put into `heal`. ---

    def later(self, heal: object, most_s: float = 10) -> float:
        lasts = 0.1 * (most_s * 10) ** self.random.random()
        self.heal.append((time.monotonic() + lasts, heal))
        return lasts

    def a_node(self) -> Node:
        leader = leader_of(self.nodes)
        return leader if leader and self.random.random() < 0.5 else self.random.choice(self.nodes)

    def kill_node(self) -> None:
        node = self.a_node()
        if node.runs:
            node.kill()
            self.down[node] = time.monotonic() + self.random.uniform(0, 4)

    def end_node(self) -> None:
        node = self.a_node()
        if node.runs:
            node.signal(signal.SIGTERM)

    def stop_node(self) -> None:
        node = self.a_node()
        if node.runs:
            node.signal(signal.SIGSTOP)
            self.later(lambda: node.signal(signal.SIGCONT))

    def renew_node(self) -> None:
        node = self.nodes[2]
        if node.runs:
            node.kill()
            self.restore(node)

    def hand_over(self) -> None:
        resign = [self.program, "cluster", "resign", *self.usertags.cluster_options]
        self.asked = [each for each in self.asked if each.poll() is None]
        self.asked.append(subprocess.Popen(ending_with_us(resign), stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL))

    def kill_etcd(self) -> None:
        n = self.random.randrange(3)
        self.etcds.processes[n].kill()
        self.etcds.processes[n].wait()
        self.later(lambda: self.etcds.restart(n), 5)

    def stop_etcd(self) -> None:
        process = self.etcds.processes[self.random.randrange(3)]
        process.send_signal(signal.SIGSTOP)
        self.later(lambda: process.send_signal(signal.SIGCONT), 5)

    def disturb(self, proxies: list[Proxy]) -> None:
        direction = self.random.choice(["there", "back", "both"])
        how = self.random.choice([{"held": True}, {"cut": True}, {"delay_s": self.random.choice([0.01, 0.1, 0.5])}])
        for proxy in proxies:
            proxy.set(direction, **how)
        self.later(lambda: [proxy.set("both") for proxy in proxies])

    def disturb_node(self) -> None:
        links = self.links[self.nodes.index(self.a_node())]
        self.disturb(links if self.random.random() < 0.7 else [self.random.choice(links)])

    def disturb_etcd(self) -> None:
        self.disturb([self.random.choice(self.etcds.proxies)])

    FAULTS = {"kill_node": 4, "stop_node": 4, "disturb_node": 6, "disturb_etcd": 3, "kill_etcd": 1, "stop_etcd": 1,
              "hand_over": 2, "end_node": 1, "renew_node": 1}

    def fault(self) -> None:
        name = self.random.choices(list(self.FAULTS), weights=self.FAULTS.values())[0]
        self.counts[name] += 1
        getattr(self, name)()

    def heal_what_is_due(self, all_of_it: bool = False) -> None:
        due = [each for each in self.heal if all_of_it or each[0] <= time.monotonic()]
        self.heal = [each for each in self.heal if each not in due]
        for _, heal in due:
            heal()

    # Whoever is down is started again, as a supervisor would.
    def supervise(self) -> None:
        for node in self.nodes:
            if node.runs or self.down.get(node, 0) > time.monotonic():
                continue
            if node.role != "ended":
                node.wait()
                self.judge_the_end_of(node)
            node.start()
            self.down[node] = time.monotonic() + 0.5   # not at once again

    def judge_the_end_of(self, node: Node) -> None:
        errors = [line["error"] for line in node.lines[-3:] if "error" in line]
        code = errors[-1]["code"] if errors else None
        self.counts[f"ended: {code}"] += 1
        if code == "history_pruned":
            self.restore(node)   # it was away for too long
        elif code in ("corrupt_store", "foreign_write", "forked", "future_revision", "not_a_store"):
            raise Breach(f"{node.address} stopped: {errors[-1]}")

    # --- The end. ---

    def settle(self) -> dict:
        self.heal_what_is_due(all_of_it=True)
        deadline = time.monotonic() + SETTLED_WITHIN_S
        while time.monotonic() < deadline:
            self.supervise()
            serving = all(node.runs and node.role in ("leading", "following") for node in self.nodes)
            if serving and leader_of(self.nodes):
                return await_equal(self.nodes, SETTLED_WITHIN_S)
            time.sleep(0.1)
        raise Breach(f"it does not settle: {[(node.address, node.role) for node in self.nodes]}")

    def judge(self, writers: list[Writer]) -> None:
        for node in self.nodes:
            revisions: dict[str, list[int]] = collections.defaultdict(list)
            for line in self.usertags.run("changes", node.file, "--json").splitlines():
                change = json.loads(line)
                if change.get("note"):
                    revisions[change["note"]].append(change["revision"])
            twice = {note: at for note, at in revisions.items() if len(at) > 1}
            if twice:
                raise Breach(f"in the log of {node.address} more than once: {twice}")
            for writer in writers:
                for token, revision in writer.acknowledged.items():
                    if revisions[token] != [revision]:
                        raise Breach(f"{token} was acknowledged with revision {revision}; in the log of "
                                     f"{node.address} it is {revisions[token]}")

    def judge_terms(self) -> int:
        led: dict[int, tuple[str, int]] = {}   # term → who, in which of its lives
        for node in self.nodes:
            lines = [line for line in node.lines if line.get("term")]   # 0: it has not seen one yet
            terms = [line["term"] for line in lines]
            if terms != sorted(terms):
                raise Breach(f"terms fall at {node.address}: {terms}")
            for line in lines:
                who = (node.address, line["start"])
                if line["role"] == "leading" and led.setdefault(line["term"], who) != who:
                    raise Breach(f"{who} and {led[line['term']]} have both led term {line['term']}")
        return len(led)


def run(faults: Faults, minutes: float) -> str:
    faults.begin()
    watcher = faults.watcher
    watcher.start()
    writers = [Writer(f"w{n}", faults.nodes,
                      lambda number, n=n: {"user": f"user {(number * 31 + n) % USERS}",
                                           "tags": {"set": [{"key": f"k{n}", "value": str(number)}]}})
               for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    end = time.monotonic() + 60 * minutes
    next_fault = time.monotonic() + 1
    while time.monotonic() < end:
        time.sleep(0.02)
        faults.heal_what_is_due()
        faults.supervise()
        if time.monotonic() >= next_fault:
            faults.fault()
            next_fault = time.monotonic() + faults.random.expovariate(1 / 2)
        for broken in [watcher.breach, *(writer.failure for writer in writers)]:
            if broken:
                raise Breach(broken)
    for writer in writers:
        writer.end()
    proof = faults.settle()
    watcher.end()
    if watcher.breach:
        raise Breach(watcher.breach)
    faults.judge(writers)
    terms = faults.judge_terms()
    acknowledged = sum(len(writer.acknowledged) for writer in writers)
    repeated = sum(writer.repeated for writer in writers)
    counts = ", ".join(f"{name} {count}" for name, count in sorted(faults.counts.items()))
    return (f"{acknowledged:,} acknowledged, {repeated:,} repetitions, {terms} terms, {watcher.looks:,} looks; "
            f"none lost, none twice, all equal at revision {proof['revision']:,} ({counts})")


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    parser = argparse.ArgumentParser()
    parser.add_argument("usertags")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--keep", action="store_true", help="keep the files where something does not hold")
    chosen = parser.parse_args()
    print(f"cluster faults: seed {chosen.seed}, {chosen.minutes:g} min", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="usertags-faults-"))
    faults = Faults(chosen.usertags, folder, chosen.seed)
    keep = False
    try:
        print(f"cluster faults: seed {chosen.seed}: {run(faults, chosen.minutes)}")
        return 0
    except (Breach, RuntimeError) as breach:
        keep = chosen.keep
        print(f"cluster faults: seed {chosen.seed}: BROKEN: {breach}", file=sys.stderr)
        for node in faults.nodes:
            print(f"  {node.address}: {node.lines[-3:]}", file=sys.stderr)
        return 1
    finally:
        for node in faults.nodes:
            if node.runs:
                node.kill()
        for process in faults.etcds.processes + faults.asked:
            process.kill()
            process.wait()
        if keep:
            print(f"  the files are in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
