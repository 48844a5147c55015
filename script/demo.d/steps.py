"""Steps of a scenario: each is done by somebody, and seen at the node where it must show."""

from __future__ import annotations

import json
import sys
import time
import typing

from client import Refused, Unreachable

T = typing.TypeVar("T")


class NotSeen(Exception):
    """A step did not show."""

    def __init__(self, step: str, node: str, why: str):
        self.step, self.node, self.why = step, node, why
        super().__init__(f"not seen: {step} at {node}: {why}")


class Steps:
    """Counts, times and tells the steps."""

    def __init__(self, as_json: bool, patience: float):
        self.as_json, self.patience = as_json, patience
        self.done: list[dict] = []
        self.begun = time.monotonic()
        self.step = "set-up"
        self.node = "-"

    def say(self, text: str) -> None:
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def act(self, step: str, node: str, action: typing.Callable[[], T]) -> T:
        """Something that somebody does; part of the step that is seen next."""
        self.step, self.node = step, node
        try:
            return action()
        except (Refused, Unreachable) as error:
            raise NotSeen(step, node, str(error)) from error

    def see(self, step: str, node: str, look: typing.Callable[[], T | None],
            since: float | None = None, patience: float | None = None) -> T:
        """Asks until `look` gives something that is not None or False, and tells the latency since
        `since` (or now)."""
        self.step, self.node = step, node
        start = since if since is not None else time.monotonic()
        limit = time.monotonic() + (patience or self.patience)
        why = "it never showed"
        pause = 0.01
        while True:
            try:
                found = look()
                if found is not None and found is not False:
                    self.record(step, node, time.monotonic() - start)
                    return found
            except Refused as error:
                why = str(error)
                if error.status not in (404, 409, 429, 503):
                    raise NotSeen(step, node, why) from error
            except Unreachable as error:
                why = str(error)
            except (KeyError, IndexError, TypeError) as error:
                why = f"the answer has another shape: {error!r}"
            if time.monotonic() >= limit:
                raise NotSeen(step, node, why)
            time.sleep(pause)
            pause = min(0.2, pause * 1.5)

    def record(self, step: str, node: str, latency: float) -> None:
        number = len(self.done) + 1
        self.done.append({"number": number, "step": step, "node": node,
                          "latencyMilliseconds": round(latency * 1000, 1)})
        self.say(f"  ✓ {number:2}  {step}  [{node}]  {latency * 1000:.0f} ms")

    def report(self, seed: int, failure: NotSeen | None) -> None:
        seconds = time.monotonic() - self.begun
        if self.as_json:
            out = {"passed": failure is None, "seed": seed, "seconds": round(seconds, 2),
                   "steps": self.done,
                   "failure": None if failure is None else {
                       "step": failure.step, "node": failure.node, "reason": failure.why}}
            print(json.dumps(out, ensure_ascii=False, indent=1), flush=True)
        if failure is not None:
            print(f"  ✗ {len(self.done) + 1:2}  {failure.step}  [{failure.node}]\n"
                  f"FAILED (seed {seed}): step not seen: {failure.step} at {failure.node}: "
                  f"{failure.why}", file=sys.stderr, flush=True)
        else:
            self.say(f"All {len(self.done)} steps were seen in {seconds:.1f} s (seed {seed}).")
