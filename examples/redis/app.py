"""Shopping carts of one shop, in Redis. Every key begins with REDIS_PREFIX, because Redis refuses all others."""
import os
import signal
import socketserver
import sys
from http.server import BaseHTTPRequestHandler

import redis

DATABASE = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)  # a pool of connections
PREFIX = os.environ["REDIS_PREFIX"]
WANTED = PREFIX + "wanted"
CART_SECONDS = 24 * 60 * 60


def cart_of(path):
    return PREFIX + "cart:" + path.removeprefix("/cart/")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            DATABASE.ping()
            return self.answer(200, "ok\n")
        if self.path.startswith("/cart/"):
            articles = sorted(DATABASE.hgetall(cart_of(self.path)).items())
            return self.answer(200, "".join(f"{count} {name}\n" for name, count in articles))
        wanted = DATABASE.zrevrange(WANTED, 0, 9, withscores=True)
        self.answer(200, "".join(f"{count:.0f} {name}\n" for name, count in wanted))

    def do_POST(self):
        if not self.path.startswith("/cart/"):
            return self.answer(404, "carts are below /cart/\n")
        article = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with DATABASE.pipeline(transaction=True) as change:
            change.hincrby(cart_of(self.path), article, 1)
            change.expire(cart_of(self.path), CART_SECONDS)
            change.zincrby(WANTED, 1, article)
            change.execute()
        self.answer(201, "in the cart\n")

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
