"""Outgoing mail of one customer, queued in RabbitMQ. A request queues a mail, and a thread sends what is queued."""
import os
import signal
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler

import pika

BROKER = pika.URLParameters(os.environ["AMQP_URL"])
SENT = os.path.join(os.environ["DATA_DIR"], "sent.log")
QUEUE = "mail"
PERSISTENT = pika.BasicProperties(delivery_mode=2)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            return self.answer(200 if sender.is_alive() else 500, "ok\n")
        with open(SENT, "a+", encoding="utf-8") as sent:
            sent.seek(0)
            self.answer(200, sent.read())

    def do_POST(self):
        mail = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with pika.BlockingConnection(BROKER) as connection:
            channel = connection.channel()
            channel.confirm_delivery()  # publishing returns when the broker has stored the mail
            channel.basic_publish("", QUEUE, mail, PERSISTENT, mandatory=True)
        self.answer(202, "queued\n")

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


def send(channel, method, _properties, mail):
    """Stands for SMTP. A mail that is not acknowledged, because the process ends, is delivered again."""
    with open(SENT, "a", encoding="utf-8") as sent:
        sent.write(f"sent: {mail.decode(errors='replace')}\n")
    channel.basic_ack(method.delivery_tag)


connection = pika.BlockingConnection(BROKER)
channel = connection.channel()
channel.queue_declare(QUEUE, durable=True)
channel.basic_qos(prefetch_count=10)
channel.basic_consume(QUEUE, send)
sender = threading.Thread(target=channel.start_consuming, daemon=True)
sender.start()

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with Server(os.environ["SOCKET_PATH"], Handler) as server:
    server.serve_forever()
