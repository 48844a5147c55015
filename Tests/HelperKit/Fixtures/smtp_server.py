"""A real mail server (aiosmtpd). Prints one JSON line for its port, then one for each mail.

usage: smtp_server.py MODE TLS_FOLDER; MODE is plain, starttls, login (STARTTLS with AUTH LOGIN
only), plainauth (STARTTLS with AUTH PLAIN only), tls (from the first byte, with AUTH), or refuse
(STARTTLS, refuses every mail after its data).
"""

import json
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def say(value):
    print(json.dumps(value), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        if address.startswith("later@"):
            return "451 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if mode == "refuse":
            return "554 not this one"
        say({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "mail": envelope.original_content.decode("utf-8"),
            "tls": session.ssl is not None or mode == "tls",
            "user": session.auth_data.login.decode() if session.auth_data else None,
        })
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    if not isinstance(data, LoginPassword):
        return AuthResult(success=False, handled=False)
    good = data.login == "alarm".encode() and data.password == "geheim 密码".encode()
    return AuthResult(success=good, handled=False, auth_data=data)


mode, folder = sys.argv[1], sys.argv[2]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/certificate.pem", folder + "/key.pem")
options = {"hostname": "127.0.0.1", "port": 0, "ready_timeout": 60.0}
if mode in ("starttls", "login", "plainauth", "refuse"):
    options |= {"tls_context": context, "require_starttls": True}
if mode in ("login", "plainauth", "tls"):
    options |= {"authenticator": authenticate, "auth_required": True}
if mode == "login":
    options |= {"auth_exclude_mechanism": ["PLAIN"]}
if mode == "plainauth":
    options |= {"auth_exclude_mechanism": ["LOGIN"]}
if mode == "tls":
    options |= {"ssl_context": context, "auth_require_tls": False}


class Listening(Controller):
    def _trigger_server(self):
        # It connects to the port it was given, which was 0.
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


controller = Listening(Handler(), **options)
controller.start()
say({"port": controller.port})
sys.stdin.read()  # ends with the test
controller.stop()
