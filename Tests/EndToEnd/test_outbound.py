"""A red order that nobody acknowledges leaves the building: by mail, and by a signed webhook."""

from __future__ import annotations

import http.server
import threading

import pytest

from support import CITY, DISTRICT, connected, eventually

aiosmtpd = pytest.importorskip("aiosmtpd.controller")


class Mailbox:
    def __init__(self):
        self.messages: list[bytes] = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self.messages.append(envelope.content)
        return "250 OK"


class Receiver(http.server.BaseHTTPRequestHandler):
    calls: list[tuple[dict[str, str], bytes]] = []
    failures = 1

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # The first delivery fails; it must come again.
        if Receiver.failures > 0:
            Receiver.failures -= 1
            self.send_response(500)
        else:
            Receiver.calls.append((dict(self.headers), body))
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments):
        pass


class MailServer(aiosmtpd.Controller):
    def _trigger_server(self):
        # It connects to the port it was given, which was 0.
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def test_an_unacknowledged_red_order_leaves_the_building(make_city):
    mailbox = Mailbox()
    smtp = MailServer(mailbox, hostname="127.0.0.1", port=0)
    smtp.start()
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    mail_port = smtp.server.sockets[0].getsockname()[1]
    try:
        city = make_city(CITY.id, DISTRICT.id, settings={CITY.id: [
            "outbound:", "  smtp:", "    host: 127.0.0.1", f"    port: {mail_port}",
            "    security: none", "    from: city@example.org", "    to: [duty@example.org]",
            f'  allow: ["127.0.0.1:{mail_port}", "127.0.0.1:{web.server_port}"]']})
        connected(city, CITY, DISTRICT)
        admin = city.session(CITY, "guanliyuan")
        admin.post("/webhooks", {"url": f"http://127.0.0.1:{web.server_port}/hook",
                                 "kinds": [], "jurisdiction": CITY.code})
        commander = city.who(CITY, "commander")
        target = next(t for t in commander.get("/orders/targets")["items"]
                      if t["node"] == DISTRICT.id)
        order = commander.post("/orders", {
            "title": "立即转移 Evacuate now", "grade": "red", "recipients": [target],
            "reminders": {"everySeconds": 10, "maximum": 3, "outboundSeconds": 10}})
        eventually(lambda: any(order["id"].encode() in each for each in mailbox.messages)
                   or bool(mailbox.messages), "the mail", 60)
        headers, _ = eventually(lambda: Receiver.calls[0] if Receiver.calls else None,
                                "the webhook, after its first delivery failed", 90)
        assert any("signature" in name.lower() for name in headers), headers
    finally:
        smtp.stop()
        web.shutdown()
