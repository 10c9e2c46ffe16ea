"""Proxies on loopback that can hold what comes, delay it, or cut it, in each direction by itself."""

import asyncio
import dataclasses
import threading
from typing import Optional

PIECE = 65536


@dataclasses.dataclass
class Direction:
    """What becomes of bytes that go this way. Held ones go on late; cut ones are gone, and so is their connection."""

    delay_s: float = 0
    held: bool = False
    cut: bool = False


class Proxy:
    """Takes connections at `port`, and passes them on to another port."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
        self.there, self.back = Direction(), Direction()   # towards the target, and from it
        self._changed = asyncio.Event()

    def set(self, direction: str, *, delay_s: float = 0, held: bool = False, cut: bool = False) -> None:
        """`direction`: there, back, or both. Without anything else: as it was."""
        for name in ("there", "back") if direction == "both" else (direction,):
            setattr(self, name, Direction(delay_s, held, cut))
        _loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def serve(self) -> None:
        await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        pumps = [asyncio.ensure_future(self._pump(reader, to_writer, "there")),
                 asyncio.ensure_future(self._pump(to_reader, writer, "back"))]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        for each in (writer, to_writer):
            each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
        torn = False
        try:
            while not torn or self._at(way).cut:
                if torn:
                    await self._changed.wait()
                    continue
                piece = await reader.read(PIECE)
                if not piece:
                    return
                while self._at(way).held:
                    await self._changed.wait()
                torn = self._at(way).cut
                if torn:
                    continue
                if self._at(way).delay_s:
                    await asyncio.sleep(self._at(way).delay_s)
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass

    def _at(self, way: str) -> Direction:
        return self.there if way == "there" else self.back


_loop = asyncio.new_event_loop()
_thread: Optional[threading.Thread] = None


def serve(proxies: list[Proxy]) -> None:
    """On a thread of its own, until the process ends."""
    global _thread
    if _thread is None:
        _thread = threading.Thread(target=_loop.run_forever, daemon=True)
        _thread.start()
    for proxy in proxies:
        asyncio.run_coroutine_threadsafe(proxy.serve(), _loop).result()
