"""Files of one customer, in a bucket that all customers share, each below a prefix of its own."""
import os
import signal
import socketserver
import sys
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote

import boto3
from botocore.exceptions import ClientError

# boto3 takes the access key from the environment; it reads AWS_ENDPOINT_URL_S3 only from version 1.28 on, and no AWS_REGION.
STORAGE = boto3.client("s3", os.environ["AWS_REGION"], endpoint_url=os.environ.get("AWS_ENDPOINT_URL_S3"))
BUCKET = os.environ["S3_BUCKET"]
PREFIX = os.environ["S3_PREFIX"]
MAX_BYTES = 10 * 1024 * 1024


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, b"ok\n")
        if self.path == "/":
            return self.answer(200, "".join(f"{size} {name}\n" for name, size in listed()).encode())
        try:
            stored = STORAGE.get_object(Bucket=BUCKET, Key=self.key())
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return self.answer(404, b"there is no such file\n")
            raise
        self.answer(200, stored["Body"].read(), stored["ContentType"])

    def do_PUT(self):
        size = int(self.headers.get("Content-Length", 0))
        if size > MAX_BYTES:
            return self.answer(413, b"a file has up to 10 MiB\n")
        kind = self.headers.get("Content-Type", "application/octet-stream")
        STORAGE.put_object(Bucket=BUCKET, Key=self.key(), Body=self.rfile.read(size), ContentType=kind)
        self.answer(201, b"stored\n")

    def key(self):
        return PREFIX + unquote(self.path).lstrip("/")

    def answer(self, status, body, kind="text/plain; charset=utf-8"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "-"  # a Unix socket has no peer address


class Server(socketserver.ThreadingUnixStreamServer):
    request_queue_size = 128
    daemon_threads = False  # requests under way end before the process does


def listed():
    pages = STORAGE.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=PREFIX)
    for page in pages:
        for entry in page.get("Contents", []):
            yield entry["Key"].removeprefix(PREFIX), entry["Size"]


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with Server(os.environ["SOCKET_PATH"], Handler) as server:
    server.serve_forever()
