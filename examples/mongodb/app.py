"""Contacts of one customer, in a MongoDB database of its own."""
import os
import signal
import socketserver
import sys
from http.server import BaseHTTPRequestHandler

from pymongo import MongoClient

CONTACTS = MongoClient(os.environ["MONGODB_URL"], serverSelectionTimeoutMS=5000).get_default_database().contacts


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            CONTACTS.find_one({}, {"_id": 1})
            return self.answer(200, "ok\n")
        self.answer(200, "".join(f"{contact['name']}\n" for contact in CONTACTS.find().sort("_id")))

    def do_POST(self):
        name = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        CONTACTS.insert_one({"name": name})
        self.answer(201, "added\n")

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "-"  # a Unix socket has no peer address


class Server(socketserver.ThreadingUnixStreamServer):
    request_queue_size = 128
    daemon_threads = False  # requests under way end before the process does


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with Server(os.environ["SOCKET_PATH"], Handler) as server:
    server.serve_forever()
