"""Nodes of a cluster as processes of `usertags cluster run`, and writers who ask them. Standard library alone."""

import collections
import concurrent.futures
import contextlib
import json
import pathlib
import signal
import subprocess
import threading
import time
from typing import Callable, Optional

CLUSTER = "demo"
# A write that was answered so may be asked for again, at any node, under its token.
TO_BE_REPEATED = {"not_leader", "busy", "outcome_unknown", "store_closed", "store_failed", "timeout", "io_error"}


def ending_with_us(arguments: list[str]) -> list[str]:
    """The kernel kills the process with the thread that starts it: start it in the main thread."""
    return ["setpriv", "--pdeathsig", "KILL", *arguments]


class Usertags:
    """The command, for one cluster."""

    def __init__(self, program: str, etcd: str, cluster: str = CLUSTER) -> None:
        self.program = program
        self.cluster_options = ["--cluster", cluster, "--etcd", etcd]

    def run(self, *arguments: object, stdin: str = "") -> str:
        finished = self.try_run(*arguments, stdin=stdin)
        if finished.returncode != 0:
            words = " ".join(str(each) for each in arguments)
            raise RuntimeError(f"usertags {words}: exit code {finished.returncode}\n{finished.stderr}")
        return finished.stdout

    def try_run(self, *arguments: object, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        words = [self.program, *map(str, arguments)]
        if arguments[0] == "cluster" and arguments[1] != "split":   # which asks nobody
            words += self.cluster_options
        return subprocess.run(words, input=stdin, capture_output=True, text=True, check=False)

    def ask(self, *arguments: object) -> dict:
        return json.loads(self.run(*arguments, "--json"))


class Node:
    """A node's file, and its process while it runs. Each write gets an answer; None where the process ends before."""

    def __init__(self, usertags: Usertags, file: pathlib.Path, address: str, *options: str) -> None:
        self.usertags, self.file, self.address, self.options = usertags, file, address, options
        self.role = "ended"
        self.term = 0
        self.leader: Optional[str] = None   # an address
        self.starts = 0
        self.lines: list[dict] = []   # of standard error, with the start that each is of
        self._writing = threading.Lock()   # taken before the other: the order of lines is that of their answers
        self._lock = threading.Lock()
        self._waiting: collections.deque[Callable[[Optional[dict]], None]] = collections.deque()
        self._process: Optional[subprocess.Popen] = None
        self._threads: list[threading.Thread] = []

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> "Node":
        arguments = [self.usertags.program, "cluster", "run", str(self.file), "--address", self.address, "--json",
                     *self.usertags.cluster_options, *self.options]
        self._process = subprocess.Popen(ending_with_us(arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True, bufsize=1)
        self.role = "joining"
        self.starts += 1
        self._threads = [threading.Thread(target=each, args=(self._process,), daemon=True)
                         for each in (self._read_answers, self._read_lines)]
        for thread in self._threads:
            thread.start()
        return self

    def send(self, write: dict, answered: Callable[[Optional[dict]], None]) -> None:
        line = json.dumps(write, separators=(",", ":")) + "\n"
        with self._writing:
            process = self._process
            with self._lock:
                runs = process is not None and process.poll() is None
                if runs:
                    self._waiting.append(answered)
            if runs:
                with contextlib.suppress(OSError, ValueError):   # the end of its answers tells
                    process.stdin.write(line)
                return
        answered(None)

    def ask(self, write: dict, timeout: float) -> Optional[dict]:
        """None where there is no answer by then."""
        answer: concurrent.futures.Future = concurrent.futures.Future()
        self.send(write, answer.set_result)
        try:
            return answer.result(timeout)
        except concurrent.futures.TimeoutError:
            return None

    def signal(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def close_input(self) -> None:
        self._process.stdin.close()

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait()

    def end(self) -> int:
        """In good order: it hands over."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        code = self._process.wait()
        for thread in self._threads:
            thread.join()
        with contextlib.suppress(OSError):   # what it has not read cannot be written out
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.stderr.close()
        self.role = "ended"
        return code

    def _read_answers(self, process: subprocess.Popen) -> None:
        for line in process.stdout:
            with self._lock:
                answered = self._waiting.popleft()
            answered(json.loads(line))
        process.wait()
        with self._lock:
            unanswered, self._waiting = self._waiting, collections.deque()
        for answered in unanswered:
            answered(None)

    def _read_lines(self, process: subprocess.Popen) -> None:
        for text in process.stderr:
            try:
                line = json.loads(text)
            except ValueError:
                line = {"note": text.rstrip()}
            line["start"] = self.starts
            if "role" in line:
                self.role, self.term, self.leader = line["role"], line["term"], line["leader"]
            self.lines.append(line)


def leader_of(nodes: list[Node]) -> Optional[Node]:
    leading = [node for node in nodes if node.runs and node.role == "leading"]
    return max(leading, key=lambda node: node.term, default=None)


def await_that(what: str, holds: Callable[[], bool], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {within_s} s")
        time.sleep(0.01)


class Writer(threading.Thread):
    """Writes one after the other, each until it is acknowledged, repeated under its token. Its note is in the log."""

    def __init__(self, name: str, nodes: list[Node], write: Callable[[int], dict], patience_s: float = 1) -> None:
        super().__init__(daemon=True)
        self.name, self._nodes, self._write, self._patience_s = name, nodes, write, patience_s
        self.acknowledged: dict[str, int] = {}   # token → revision
        self.times: list[float] = []             # of the acknowledgements, …
        self.answerers: list[Node] = []          # … and who gave them
        self.repeated = 0
        self.failure: Optional[str] = None
        self._ending = threading.Event()

    def run(self) -> None:
        try:
            number = 0
            while not self._ending.is_set():
                number += 1
                token = f"{self.name}-{number}"
                self._until_acknowledged({**self._write(number), "token": token, "note": token}, token)
        except Exception as failure:   # told by whoever ends it
            self.failure = f"{self.name}: {failure!r}"

    def _until_acknowledged(self, write: dict, token: str) -> None:
        turn = 0
        while not self._ending.is_set():
            node = leader_of(self._nodes) if turn % 3 == 0 else self._nodes[turn % len(self._nodes)]
            answer = node.ask(write, self._patience_s) if node else None
            if answer is not None and "error" not in answer:
                self.acknowledged[token] = answer["revision"]
                self.times.append(time.monotonic())
                self.answerers.append(node)
                return
            if answer is not None and answer["error"]["code"] not in TO_BE_REPEATED:
                raise RuntimeError(f"{token}: {answer['error']}")
            self.repeated += 1
            turn += 1
            time.sleep(0.005)

    def end(self) -> None:
        self._ending.set()
        self.join()
        if self.failure:
            raise RuntimeError(self.failure)


def notes_of(usertags: Usertags, file: pathlib.Path) -> "collections.Counter[str]":
    """How often each note is in the file's log."""
    lines = usertags.run("changes", file, "--json").splitlines()
    notes = (json.loads(line).get("note") for line in lines)
    return collections.Counter(note for note in notes if note)


def await_equal(nodes: list[Node], within_s: float = 60) -> dict:
    """Waits until the files of all nodes show the same; returns what verify says of it."""
    deadline = time.monotonic() + within_s
    while True:
        revisions = {node.usertags.ask("info", node.file)["revision"] for node in nodes}
        if len(revisions) == 1:
            break
        if time.monotonic() > deadline:
            raise RuntimeError(f"the nodes are at different revisions: {sorted(revisions)}")
        time.sleep(0.05)
    proofs = [node.usertags.ask("verify", node.file) for node in nodes]
    if any(not proof["ok"] for proof in proofs):
        raise RuntimeError(f"verify: {proofs}")
    if len({(proof["revision"], proof["digest"]) for proof in proofs}) != 1:
        raise RuntimeError(f"equal revision, other digest: {proofs}")
    return proofs[0]
