"""A TCP line that a test can cut: connections end, new ones are refused, until it is mended."""

from __future__ import annotations

import asyncio
import threading


class Proxy:
    """Listens on `port` and passes bytes to `backend` on the loopback."""

    def __init__(self, backend: int):
        self.backend, self.port = backend, 0
        self.is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(10)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)

        async def start() -> None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()

        self._loop.run_until_complete(start())
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self.backend)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back_writer}
        await asyncio.gather(self._pump(reader, back_writer), self._pump(back_reader, writer))
        self._writers -= {writer, back_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    def cut(self) -> None:
        def now() -> None:
            self.is_cut = True
            for writer in self._writers:
                writer.transport.abort()
        self._loop.call_soon_threadsafe(now)

    def mend(self) -> None:
        self._loop.call_soon_threadsafe(lambda: setattr(self, "is_cut", False))

    def close(self) -> None:
        self.cut()
        # What was cut ends its tasks in the next rounds of the loop.
        self._loop.call_soon_threadsafe(self._loop.call_later, 0.2, self._loop.stop)
        self._thread.join(5)
