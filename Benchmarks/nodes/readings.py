"""Open-loop load: readings go out when they are due, whether those before were answered or not."""

from __future__ import annotations

import queue
import socket
import threading
import time


def stamp(seconds: float) -> str:
    whole = int(seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + (
        f".{int((seconds - whole) * 1e6):06d}Z")


class Sender:
    """Posts bodies that are ready, each when it is due, over several connections."""

    def __init__(self, port: int, token: str, connections: int = 8):
        self.port, self.token, self.count = port, token, connections
        self.queue: queue.SimpleQueue = queue.SimpleQueue()
        self.answers: list[tuple[float, float]] = []  # due, answered
        self.faults: list[str] = []

    def request(self, body: bytes) -> bytes:
        return (f"POST /api/v1/readings HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
                f"Authorization: Bearer {self.token}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body

    def run(self, plan: list[tuple[float, bytes]]) -> None:
        """`plan`: when each body is due (monotonic seconds), in order. Returns when all are answered."""
        requests = [(due, self.request(body)) for due, body in plan]
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(self.count)]
        for thread in threads:
            thread.start()
        for due, request in requests:
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self.queue.put((due, request))
        for _ in threads:
            self.queue.put(None)
        for thread in threads:
            thread.join(120)
        if self.faults:
            raise RuntimeError(f"readings were not taken: {self.faults[0]}")

    def _work(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (job := self.queue.get()) is not None:
                line.sendall(job[1])
                answer = self._answer(line)
                self.answers.append((job[0], time.monotonic()))
                if not answer.startswith(b"HTTP/1.1 200") or b'"rejected":[]' not in answer:
                    self.faults.append(answer[:600].decode("utf-8", "replace"))

    @staticmethod
    def _answer(line: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            data += _some(line)
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(int(each.split(b":")[1]) for each in head.split(b"\r\n")
                      if each.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += _some(line)
        return head + b"\r\n\r\n" + body


def _some(line: socket.socket) -> bytes:
    part = line.recv(65536)
    if not part:
        raise ConnectionError("the node closed the connection")
    return part
