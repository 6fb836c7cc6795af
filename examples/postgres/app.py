"""Notes of one customer, in its own PostgreSQL database. A new connection for each request keeps it short."""
import os
import signal
import socketserver
import sys
from http.server import BaseHTTPRequestHandler

import psycopg2

URL = os.environ["DATABASE_URL"]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, "ok\n")
        self.answer(200, "".join(f"{text}\n" for (text,) in query("SELECT text FROM note ORDER BY id")))

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        query("INSERT INTO note (text) VALUES (%s) RETURNING id", text)
        self.answer(201, "noted\n")

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


def query(statement, *values):
    connection = psycopg2.connect(URL)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


query("CREATE TABLE IF NOT EXISTS note (id serial PRIMARY KEY, text text NOT NULL)")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with Server(os.environ["SOCKET_PATH"], Handler) as server:
    server.serve_forever()
