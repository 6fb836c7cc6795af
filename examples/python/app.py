"""A visit counter for one customer, with Python's standard library on a Unix socket."""
import os
import signal
import socketserver
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path

counter = Path(os.environ["DATA_DIR"]) / "visits"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/":
            return self.send_error(404)
        visits = int(counter.read_text()) + 1 if counter.exists() else 1
        counter.write_text(str(visits))
        body = f"{os.environ['TENANT_ID']}: visit {visits}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "-"  # a Unix socket has no peer address


class Server(socketserver.UnixStreamServer):
    request_queue_size = 128  # the default of 5 refuses a burst


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with Server(os.environ["SOCKET_PATH"], Handler) as server:
    server.serve_forever()
