# A minimal tenant: answers every request with "ok" and ends at once on SIGTERM.
import os
import selectors
import socket

ANSWER = b'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

server = socket.socket(socket.AF_UNIX)
server.bind(os.environ['SOCKET_PATH'])
server.listen()
waiting = selectors.DefaultSelector()
waiting.register(server, selectors.EVENT_READ)
while True:
    for key, _ in waiting.select():
        if key.fileobj is server:
            waiting.register(server.accept()[0], selectors.EVENT_READ)
            continue
        try:
            asked = key.fileobj.recv(65536)
            if asked:
                key.fileobj.sendall(ANSWER)
        except OSError:
            asked = b''
        if not asked:
            waiting.unregister(key.fileobj)
            key.fileobj.close()
