"""Receives webhooks. Prints one JSON line for its port, then one for each request.

Paths: /ok answers 204; /busy answers 503 twice, then 204; /wait answers 429 with Retry-After 7;
/gone 410; /bad 400; /away redirects to /ok; /silent never answers; /endless answers without end.
"""

import json
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

busy = 2
lock = threading.Lock()


def say(value):
    with lock:
        print(json.dumps(value), flush=True)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global busy
        body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
        say({
            "path": self.path,
            "host": self.headers.get("host"),
            "type": self.headers.get("content-type"),
            "signature": self.headers.get("citybeacon-signature"),
            "body": body,
        })
        if self.path == "/busy" and busy > 0:
            busy -= 1
            self.answer(503)
        elif self.path == "/wait":
            self.answer(429, {"Retry-After": "7"})
        elif self.path == "/gone":
            self.answer(410)
        elif self.path == "/bad":
            self.answer(400)
        elif self.path == "/away":
            self.answer(302, {"Location": "/ok"})
        elif self.path == "/silent":
            time.sleep(60)
        elif self.path == "/endless":
            self.send_response(200)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
            except OSError:
                pass
            self.close_connection = True
        else:
            self.answer(204)

    def answer(self, status, headers={}):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a client that hangs up is part of the tests


server = Server(("127.0.0.1", 0), Receiver)
if len(sys.argv) > 1:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1] + "/certificate.pem", sys.argv[1] + "/key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
say({"port": server.server_address[1]})
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()  # ends with the test
