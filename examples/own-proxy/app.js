// An application of one customer. It echoes what a request, or a message of a WebSocket, sends.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocketServer } from 'ws';

const customer = process.env.TENANT_ID;
const server = createServer(async (request, response) => response.end(`${customer}: ${await text(request)}\n`));
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`${customer}: ${data}`)));
process.once('SIGTERM', () => process.exit(0));
server.listen(process.env.SOCKET_PATH);
