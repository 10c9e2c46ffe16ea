#!/usr/bin/env python3
"""The command on a terminal, by way of a pseudo terminal: widths, colours, progress, and ^C.

Usage: on_terminal.py USERTAGS [unittest's arguments]
"""

import codecs
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest
from collections.abc import Callable

GUARD_S = 60  # against hanging, nothing else
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Screen:
    """What a terminal shows of its output: lines without end, of which a program can rewrite the last ones."""

    def __init__(self, output: str, columns: int) -> None:
        self.lines = [""]
        self.row = self.column = 0
        self.columns = columns
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[^\x1b]", output):
            self._take(part)

    def _take(self, part: str) -> None:
        line = self.lines[self.row]
        if part == "\r":
            self.column = 0
        elif part == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        elif part == "\x1b[K":
            self.lines[self.row] = line[:self.column]
        elif part == "\x1b[J":
            self.lines[self.row] = line[:self.column]
            del self.lines[self.row + 1:]
        elif part.endswith("A") and part[0] == "\x1b":
            self.row = max(0, self.row - int(part[2:-1]))
        elif COLOUR.fullmatch(part):
            pass
        elif len(part) == 1 and part >= " ":
            self.lines[self.row] = line[:self.column].ljust(self.column) + part + line[self.column + 1:]
            self.column += 1
        else:
            raise AssertionError(f"the terminal is sent {part!r}")

    def text(self) -> list[str]:
        lines = [line.rstrip() for line in self.lines]
        while lines and not lines[-1]:
            lines.pop()
        return lines


class OnTerminal:
    """A command whose output and errors are a terminal; its input, too, unless it is given another."""

    def __init__(self, *arguments, columns: int = 80, rows: int = 24, stdin=None, **environment) -> None:
        self.columns = columns
        self.master, terminal = pty.openpty()
        self.resize(columns, rows)
        self.output = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")()   # a piece may end within a letter
        variables = {"PATH": os.environ["PATH"], "TERM": "xterm", **environment}
        self.process = subprocess.Popen(
            [Test.usertags, *map(str, arguments)], stdin=terminal if stdin is None else stdin, stdout=terminal,
            stderr=terminal, env=variables, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0))
        os.close(terminal)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_some(self, wait_s: float = GUARD_S) -> bool:
        """False at the end, and where nothing comes."""
        if not select.select([self.master], [], [], wait_s)[0]:
            return False
        try:
            piece = os.read(self.master, 65536)
        except OSError:  # nobody has the terminal open any more
            return False
        self.output += self.decoder.decode(piece)
        return bool(piece)

    def wait_for(self, pattern: str, times: int = 1) -> None:
        end = time.monotonic() + GUARD_S
        while len(re.findall(pattern, self.output)) < times:
            if time.monotonic() > end or not self.read_some():
                raise AssertionError(f"{pattern!r} did not come {times} times: {self.output!r}")

    def press(self, key: str) -> None:
        os.write(self.master, key.encode())

    def finish(self) -> int:
        while self.read_some():
            pass
        os.close(self.master)
        return self.process.wait(GUARD_S)

    def screen(self) -> list[str]:
        return Screen(self.output, self.columns).text()


class Test(unittest.TestCase):
    usertags = ""

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.path = pathlib.Path(cls.folder.name)
        cls.store = cls.path / "users.db"
        users = [{"external_id": f"{'long-' * (n % 6)}user-{n}",
                  "tags": {"tier": "gold" if n % 3 else "silver", "city": "Bad Berleburg " * (n % 12),
                           "n": str(n), "umlaut": "ä" * (n % 150)}} for n in range(120)]
        users.append({"external_id": "hostile", "tags": {"evil": "\x1b[31mred\x1b[2J\u202ekcab\r\n\x07"}})
        lines = "\n".join(map(json.dumps, users))
        subprocess.run([cls.usertags, "load", cls.store, "-", "--format", "jsonl", "--init"], input=lines.encode(),
                       check=True, stdout=subprocess.DEVNULL)
        cls.run_plain("apply", cls.store, "user-0", "--set", "tier=platinum", "--delete", "n", "--note", "paid " * 20)
        cls.other = cls.path / "other.db"
        cls.run_plain("backup", cls.store, cls.other)
        cls.run_plain("apply", cls.other, "user-0", "--set", "city=" + "Paris " * 30)
        cls.metrics = cls.path / "host.prom"
        cls.metrics.write_text(cls.run_plain("stats", cls.store, "--openmetrics"))

    @classmethod
    def run_plain(cls, *arguments) -> str:
        return subprocess.run([cls.usertags, *map(str, arguments)], check=True, capture_output=True, text=True).stdout

    def new_store(self) -> pathlib.Path:
        folder = tempfile.mkdtemp(dir=self.path)
        return pathlib.Path(folder, "users.db")

    def tables(self) -> list[list]:
        """Commands that answer in columns, which a narrow terminal has to hold."""
        store = self.store
        return [["list", store], ["select", store, "tier"], ["keys", store], ["values", store, "city"],
                ["changes", store], ["history", store, "user-0"], ["audience", store, "tier=gold"],
                ["diff", store, self.other], ["stats", store], ["stats", store, "--metrics", self.metrics]]


class Widths(Test):
    def test_tables_fit_every_terminal(self) -> None:
        for columns in (40, 80, 200):
            for arguments in self.tables():
                command = OnTerminal(*arguments, columns=columns)
                code = command.finish()
                with self.subTest(columns=columns, command=arguments[0]):
                    self.assertIn(code, (0, 1))
                    lines = command.screen()
                    self.assertGreater(len(lines), 1)
                    too_wide = [line for line in lines if len(line) > columns]
                    self.assertEqual([line for line in too_wide if not line.startswith("more with --after ")], [])

    def test_bars_use_the_width_there_is(self) -> None:
        longest = {}
        for columns in (40, 80, 200):
            command = OnTerminal("stats", self.store, columns=columns)
            self.assertEqual(command.finish(), 0)
            longest[columns] = max(line.count("█") for line in command.screen())
        self.assertLess(longest[40], longest[80])
        self.assertLess(longest[80], longest[200])
        self.assertGreater(longest[200], 120)

    def test_a_long_name_leaves_room_for_the_others(self) -> None:
        name = "long-" * 40
        store = self.new_store()
        self.run_plain("create-user", store, name, "--set", "tier=gold", "--init")
        user_id = json.loads(self.run_plain("find", store, name, "--json"))["data"]["id"]
        command = OnTerminal("list", store, columns=120)
        self.assertEqual(command.finish(), 0)
        self.assertRegex("\n".join(command.screen()), rf"(?m)^(long-)+.*…  {user_id} +1  tier=gold")

    def test_elsewhere_nothing_is_cut(self) -> None:
        listed = self.run_plain("list", self.store)
        self.assertIn("Bad Berleburg " * 11, listed)
        self.assertNotIn("…", listed)


class Colours(Test):
    def test_are_there_on_a_terminal(self) -> None:
        for arguments in (["list", self.store], ["find", self.store, "user-0"], ["stats", self.store]):
            command = OnTerminal(*arguments)
            command.finish()
            self.assertRegex(command.output, COLOUR, arguments[0])

    def test_of_an_error_is_an_alarm(self) -> None:
        command = OnTerminal("find", self.store, "nobody")
        self.assertEqual(command.finish(), 1)
        self.assertIn("\x1b[1;31muser_not_found\x1b[0m", command.output)

    def test_are_not_where_they_are_not_wanted(self) -> None:
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            for arguments in [*self.tables(), ["find", self.store, "user-0"], ["find", self.store, "nobody"]]:
                command = OnTerminal(*arguments, **environment)
                command.finish()
                self.assertNotRegex(command.output, ESCAPE, f"{arguments[0]} {environment}")

    def test_are_not_in_a_file(self) -> None:
        for arguments in self.tables():
            output = subprocess.run([self.usertags, *map(str, arguments)], capture_output=True, text=True).stdout
            self.assertNotIn("\x1b", output)

    def test_what_a_store_holds_moves_no_cursor(self) -> None:
        for arguments in (["find", self.store, "hostile"], ["select", self.store, "evil"],
                          ["values", self.store, "evil"], ["changes", self.store], ["history", self.store, "hostile"]):
            command = OnTerminal(*arguments, columns=400)
            self.assertEqual(command.finish(), 0)
            self.assertIn("\\x1b[31mred\\x1b[2J\\u202ekcab\\r\\n\\x07", "\n".join(command.screen()))


class LoadByHand:
    """A load that goes on as long as it is fed."""

    def __init__(self, store: pathlib.Path, **environment) -> None:
        read, self.pipe = os.pipe()
        os.set_blocking(self.pipe, False)
        self.terminal = OnTerminal("load", store, "-", "--format", "jsonl", "--init", stdin=read, **environment)
        os.close(read)
        self.written = 0

    def feed_until(self, pattern: str) -> None:
        self._feed_while(lambda: not re.search(pattern, self.terminal.output))

    def feed_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self._feed_while(lambda: time.monotonic() < end)

    def _feed_while(self, goes_on: Callable[[], bool]) -> None:
        while goes_on():
            ready = select.select([self.terminal.master], [self.pipe], [], GUARD_S)
            if ready[0] and not self.terminal.read_some():
                raise AssertionError(f"it ended: {self.terminal.output!r}")
            if ready[1]:
                self._feed()

    def _feed(self) -> None:
        lines = "".join(f'{{"external_id":"u{self.written + n}","tags":{{"k":"v"}}}}\n' for n in range(20))
        try:
            os.write(self.pipe, lines.encode())   # less than PIPE_BUF: whole, or not at all
            self.written += 20
        except BlockingIOError:
            pass


class Loading(Test):
    PROGRESS = r"\r\x1b\[K[0-9,]+ users, [0-9,]+ a second"

    def test_shows_progress_and_takes_it_away(self) -> None:
        load = LoadByHand(self.new_store())
        load.feed_until(self.PROGRESS)
        os.close(load.pipe)
        self.assertEqual(load.terminal.finish(), 0)
        lines = load.terminal.screen()
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], rf"^{load.written:,} users loaded, 0 rows rejected, [0-9.]+ s$")

    def test_moves_no_cursor_of_a_terminal_that_has_none(self) -> None:
        load = LoadByHand(self.new_store(), TERM="dumb")
        load.feed_for(1.5)   # progress shows after a second
        os.close(load.pipe)
        self.assertEqual(load.terminal.finish(), 0)
        self.assertNotIn("\x1b", load.terminal.output)

    def test_stops_on_interrupt_with_a_sound_store(self) -> None:
        store = self.new_store()
        load = LoadByHand(store)
        load.feed_until(self.PROGRESS)
        load.terminal.press("\x03")
        self.assertEqual(load.terminal.finish(), 130)
        os.close(load.pipe)
        lines = load.terminal.screen()
        self.assertNotIn("a second", "\n".join(lines))
        loaded = int(re.search(r"^(?:\^C)?([0-9,]+) users? loaded", "\n".join(lines), re.M)[1].replace(",", ""))
        self.assertTrue(json.loads(self.run_plain("verify", store, "--json"))["ok"])
        self.assertEqual(json.loads(self.run_plain("info", store, "--json"))["users"], loaded)
        self.assertLessEqual(loaded, load.written)
        self.assertFalse(pathlib.Path(f"{store}-wal").exists())

    def test_is_silent_where_nobody_looks(self) -> None:
        lines = "".join(f'{{"external_id":"u{n}"}}\n' for n in range(1000))
        done = subprocess.run([self.usertags, "load", self.new_store(), "-", "--format", "jsonl", "--init"],
                              input=lines.encode(), capture_output=True, check=True)
        self.assertEqual(done.stderr, b"")


class Watching(Test):
    """stats --every."""

    def test_looks_again_until_interrupt(self) -> None:
        command = OnTerminal("stats", self.store, "--every", "1s", rows=100)
        command.wait_for(r"every 1s, until \^C", times=2)
        self.run_plain("apply", self.store, "user-0", "--set", "watched=yes")
        command.wait_for(r"revision +[0-9,]+ +\+1 [^\x00]*\x1b\[J")   # the whole frame: ^C would stand in it
        command.press("\x03")
        self.assertEqual(command.finish(), 130)
        lines = command.screen()
        self.assertEqual(sum("until ^C" in line for line in lines), 1, "one frame is left")
        self.assertTrue(lines[0].startswith(str(self.store)))
        self.assertEqual(sum("^C" in line for line in lines), 1, "the key is not left")
        self.assertNotIn("\x1b[?", command.output, "no mode of the terminal is changed")

    def test_a_frame_fits_its_window(self) -> None:
        command = OnTerminal("stats", self.store, "--every", "1s", rows=12, columns=50)
        command.wait_for(r"make the window hig", times=3)
        command.press("\x03")
        self.assertEqual(command.finish(), 130)
        lines = command.screen()
        self.assertEqual(len(lines), 11)
        self.assertLessEqual(max(map(len, lines)), 50)

    def test_a_window_of_another_width_gets_a_frame_below(self) -> None:
        command = OnTerminal("stats", self.store, "--every", "1s", rows=100)
        command.wait_for(r"until \^C")
        command.resize(100, 100)
        command.wait_for(r"until \^C", times=2)
        command.press("\x03")
        self.assertEqual(command.finish(), 130)
        self.assertEqual(sum("until ^C" in line for line in command.screen()), 2)

    def test_elsewhere_frames_follow_each_other(self) -> None:
        command = subprocess.Popen([self.usertags, "stats", self.store, "--every", "1s"], stdout=subprocess.PIPE,
                                   text=True)
        heads = 0
        while heads < 2:
            line = command.stdout.readline()
            self.assertNotIn("\x1b", line)
            heads += "until ^C" in line
        command.send_signal(2)
        command.communicate(timeout=GUARD_S)
        self.assertEqual(command.returncode, 130)


class Interrupting(Test):
    def check(self, command: OnTerminal, store: pathlib.Path) -> None:
        command.press("\x03")
        self.assertEqual(command.finish(), 130)
        self.assertTrue(json.loads(self.run_plain("verify", store, "--json"))["ok"])

    def test_changes_that_follow(self) -> None:
        command = OnTerminal("changes", self.store, "--follow", columns=400)
        command.wait_for("paid")
        self.check(command, self.store)

    def test_a_stream_that_waits(self) -> None:
        store = self.new_store()
        command = OnTerminal("stream", store, "--init")
        command.press('{"create":{"external_id":"typed"}}\n')
        command.wait_for('"revision":1')
        self.check(command, store)
        self.assertIn("typed", self.run_plain("list", store))
        self.assertFalse(pathlib.Path(f"{store}-wal").exists())


if __name__ == "__main__":
    Test.usertags = sys.argv.pop(1)
    unittest.main()
