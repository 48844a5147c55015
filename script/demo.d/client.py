"""A client of the public API that knows nothing but what the OpenAPI document says."""

from __future__ import annotations

import gzip
import http.client
import json
import secrets
import socket
import time
import urllib.parse

# Alphabet of passwords that people can read aloud.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_password() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(3))


class Refused(Exception):
    """The node answered with a problem."""

    def __init__(self, status: int, method: str, path: str, body: bytes):
        self.status = status
        try:
            self.problem = json.loads(body)
        except ValueError:
            self.problem = {"detail": body[:300].decode("utf-8", "replace")}
        faults = "; ".join(
            f"{f.get('at')}: {f.get('reason')}" for f in self.problem.get("faults", [])[:6])
        super().__init__(
            f"{method} {path} → {status} {self.problem.get('code', '')} "
            f"{self.problem.get('detail', '')} {faults}".strip())


class Unreachable(Exception):
    """Nobody answers."""


class Client:
    """One connection at a time to one node, as a person, a program or a device."""

    def __init__(self, port: int, host: str = "127.0.0.1", token: str | None = None,
                 timeout: float = 30):
        self.host, self.port, self.token, self.timeout = host, port, token, timeout
        self.cookie: str | None = None
        self.csrf: str | None = None
        self._connection: http.client.HTTPConnection | None = None

    # -- requests

    def request(self, method: str, path: str, body: object = None, *, query: dict | None = None,
                raw: bytes | None = None, media: str = "application/json",
                headers: dict[str, str] | None = None, patient: bool = True):
        """The decoded answer. Raises Refused or Unreachable; waits where it is asked to."""
        for _ in range(40):
            try:
                return self._once(method, path, body, query, raw, media, headers)
            except Refused as refusal:
                # 429 and 503 name a time; a busy two-core machine may need it.
                if not patient or refusal.status != 429:
                    raise
                time.sleep(min(5.0, float(refusal.problem.get("retryAfter") or 1)))
        raise Unreachable(f"{method} {path}: refused for being too many, again and again")

    def _once(self, method, path, body, query, raw, media, headers):
        url = "/api/v1" + path
        if query:
            url += "?" + urllib.parse.urlencode(query)
        payload = raw
        if body is not None:
            payload = json.dumps(body, ensure_ascii=False).encode()
        fields = {"Accept": "application/json", **(headers or {})}
        if payload is not None:
            fields["Content-Type"] = media
        if self.token:
            fields["Authorization"] = f"Bearer {self.token}"
        if self.cookie:
            fields["Cookie"] = self.cookie
        if self.csrf and method not in ("GET", "HEAD"):
            fields["X-CSRF-Token"] = self.csrf
        if method == "POST" and "Idempotency-Key" not in fields and self.cookie:
            fields["Idempotency-Key"] = secrets.token_hex(16)
        for attempt in (1, 2):
            fresh = self._connection is None
            try:
                if fresh:
                    self._connection = http.client.HTTPConnection(
                        self.host, self.port, timeout=self.timeout)
                self._connection.request(method, url, body=payload, headers=fields)
                response = self._connection.getresponse()
                data = response.read()
                break
            except (OSError, http.client.HTTPException) as error:
                self.close()
                # A kept connection may have been closed meanwhile; a fresh one may not. Requests
                # are repeated only where that is harmless: reads, and those with a key.
                harmless = method == "GET" or "Idempotency-Key" in fields
                if attempt == 2 or fresh or not harmless:
                    raise Unreachable(f"{method} {url}: {error!r}") from error
        if response.headers.get("Set-Cookie"):
            self.cookie = response.headers["Set-Cookie"].split(";")[0]
        if response.status >= 400:
            refusal = Refused(response.status, method, path, data)
            if response.headers.get("Retry-After"):
                refusal.problem["retryAfter"] = response.headers["Retry-After"]
            raise refusal
        if data and "json" in (response.headers.get("Content-Type") or ""):
            return json.loads(data)
        return data

    def get(self, path: str, **query):
        return self.request("GET", path, query={k: v for k, v in query.items() if v is not None})

    def post(self, path: str, body: object = None, **options):
        return self.request("POST", path, body, **options)

    def items(self, path: str, **query) -> list[dict]:
        """All pages of a list."""
        out: list[dict] = []
        after = None
        while True:
            page = self.get(path, **query, after=after)
            out += page["items"]
            after = page.get("next")
            if not after:
                return out

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # -- people

    def log_in(self, login: str, password: str) -> dict:
        self.cookie = self.csrf = None
        answer = self.post("/session", {"login": login, "password": password})
        if answer.get("codeNeeded"):
            raise Unreachable(f"{login} needs the code of an authenticator")
        self.csrf = answer["csrfToken"]
        return answer

    def change_password(self, old: str, new: str) -> None:
        self.request("PUT", "/me/password", {"old": old, "new": new})

    # -- devices

    def send_readings(self, rows: list[dict], form: str = "array") -> dict:
        """As a JSON array, as NDJSON, or as a gzipped array."""
        headers: dict[str, str] = {}
        media = "application/json"
        if form == "ndjson":
            payload = "".join(json.dumps(row) + "\n" for row in rows).encode()
            media = "application/x-ndjson"
        else:
            payload = json.dumps(rows).encode()
        if form == "gzip":
            payload = gzip.compress(payload)
            headers["Content-Encoding"] = "gzip"
        return self.request("POST", "/readings", raw=payload, media=media, headers=headers)


class EventStream:
    """Server-sent events, read until closed."""

    def __init__(self, client: Client, **query):
        url = "/api/v1/events" + ("?" + urllib.parse.urlencode(query) if query else "")
        self.connection = http.client.HTTPConnection(client.host, client.port, timeout=30)
        headers = {"Accept": "text/event-stream"}
        if client.cookie:
            headers["Cookie"] = client.cookie
        if client.token:
            headers["Authorization"] = f"Bearer {client.token}"
        try:
            self.connection.request("GET", url, headers=headers)
            self.response = self.connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"GET {url}: {error!r}") from error
        if self.response.status != 200:
            raise Refused(self.response.status, "GET", "/events", self.response.read())

    def next(self, timeout: float) -> tuple[str, str]:
        """Kind and data of the next event. Raises TimeoutError."""
        kind, data = "", []
        if self.connection.sock is not None:
            self.connection.sock.settimeout(timeout)
        while True:
            try:
                line = self.response.readline().decode("utf-8", "replace").rstrip("\r\n")
            except (socket.timeout, OSError) as error:
                raise TimeoutError("no event came") from error
            if line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                data.append(line[6:])
            elif line == "" and kind:
                return kind, "\n".join(data)

    def close(self) -> None:
        self.connection.close()
