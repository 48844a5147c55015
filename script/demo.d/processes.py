"""Starts and stops the processes of a city, and leaves none behind."""

from __future__ import annotations

import ctypes
import json
import os
import pathlib
import signal
import socket
import subprocess
import time


# Looked up once: between fork and exec a child may do next to nothing.
_PRCTL = ctypes.CDLL(None).prctl
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """Runs in the child: the kernel kills it should the thread that started it vanish."""
    _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)


def child_environment() -> dict[str, str]:
    """Ours without variables that the program would take for settings."""
    return {k: v for k, v in os.environ.items() if not k.startswith("CITYBEACON")}


def free_ports(count: int) -> list[int]:
    """Ports that are free now. All are held until the last is known, so that none comes twice."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


class ProgramError(Exception):
    """A process did not do what it was started for."""


class Program:
    """The `citybeacon` executable."""

    def __init__(self, path: str, prefix: list[str] | None = None):
        self.path = path
        self.prefix = prefix or []

    def try_to_run(self, *arguments: str, stdin: str = "", timeout: float = 120,
                   extra: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end, whatever that is."""
        return subprocess.run(
            [*self.prefix, self.path, *arguments], input=stdin, text=True, timeout=timeout,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**child_environment(), **(extra or {})}, preexec_fn=_die_with_parent,
            start_new_session=True)

    def run(self, *arguments: str, stdin: str = "", timeout: float = 120) -> str:
        """Runs a command to its end. What it printed, or ProgramError with what it complained of."""
        process = self.try_to_run(*arguments, stdin=stdin, timeout=timeout)
        if process.returncode != 0:
            raise ProgramError(
                f"citybeacon {' '.join(arguments)} ended with {process.returncode}:\n"
                f"{process.stderr.strip() or process.stdout.strip()}")
        return process.stdout


class Server:
    """One running node."""

    def __init__(self, program: Program, config: pathlib.Path, data: pathlib.Path, name: str):
        self.program, self.config, self.data, self.name = program, config, data, name
        self.log = config.parent / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.http = self.link = 0

    @property
    def ports_file(self) -> pathlib.Path:
        return self.data / "ports.json"

    def spawn(self, extra: dict[str, str] | None = None, prefix: list[str] | None = None) -> None:
        self.ports_file.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*(prefix or []), *self.program.prefix, self.program.path, "serve", "--config",
                 str(self.config)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**child_environment(), **(extra or {})}, preexec_fn=_die_with_parent,
                start_new_session=True)

    def wait_until_listening(self, timeout: float = 60) -> None:
        limit = time.monotonic() + timeout
        while time.monotonic() < limit:
            if self.process is None or self.process.poll() is not None:
                code = self.process.returncode if self.process else None
                raise ProgramError(f"{self.name} ended with {code} at its start:\n{self.tail()}")
            try:
                ports = json.loads(self.ports_file.read_text())
                self.http, self.link = int(ports["http"]), int(ports["link"])
                with socket.create_connection(("127.0.0.1", self.http), timeout=1):
                    return
            except (OSError, ValueError, KeyError):
                time.sleep(0.05)
        raise ProgramError(f"{self.name} does not listen after {timeout:.0f} s:\n{self.tail()}")

    def start(self, **options) -> None:
        self.spawn(**options)
        self.wait_until_listening()

    def tail(self, lines: int = 12) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal_group(self, number: int) -> None:
        """The group has the pid of its first process: ours, started by us."""
        if self.process is not None and self.process.returncode is None:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                pass

    def kill(self) -> None:
        self.signal_group(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def stop(self, grace: float = 10) -> int | None:
        """Asks, waits, then insists. The exit status."""
        self.signal_group(signal.SIGTERM)
        return self.reap(grace)

    def reap(self, grace: float) -> int | None:
        if self.process is None:
            return None
        try:
            self.process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            self.kill()
        return self.process.returncode


def stop_all(servers: list[Server], grace: float = 10) -> None:
    """Children before parents would do as well; all are asked at once, so that it takes one grace."""
    for server in servers:
        server.signal_group(signal.SIGTERM)
    limit = time.monotonic() + grace
    for server in servers:
        server.reap(max(0.1, limit - time.monotonic()))
