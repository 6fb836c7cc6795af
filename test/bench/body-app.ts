/** A tenant for measurements on SOCKET_PATH: an answer of 18 bytes, a huge one, and an upload that it reads slowly. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

const CHUNK = Buffer.alloc(64 * 1024, 'x');
/** The tenant reads this much, then pauses. */
const SIP_BYTES = 8 * 1024 * 1024;
const REST_MS = 40;

const routes: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>> = {
  '/': (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 18 });
    response.end('eighteen bytes ok\n');
  },
  '/big': (request, response) => {
    const bytes = Number(new URL(request.url ?? '/', 'http://x').searchParams.get('bytes'));
    let left = bytes;
    const send = () => {
      while (left > 0) {
        left -= CHUNK.length;
        if (!response.write(CHUNK)) return void response.once('drain', send);
      }
      response.end();
    };
    send();
  },
  '/slow': (request, response) => {
    let sip = 0;
    let total = 0;
    request.on('data', (chunk: Buffer) => {
      total += chunk.length;
      sip += chunk.length;
      if (sip < SIP_BYTES) return;
      sip = 0;
      request.pause();
      setTimeout(() => request.resume(), REST_MS);
    });
    request.on('end', () => response.end(String(total)));
  },
};

createServer((request, response) => {
  const route = routes[(request.url ?? '/').split('?')[0] ?? '/'];
  if (route === undefined) response.writeHead(404).end();
  else route(request, response);
}).listen(process.env['SOCKET_PATH']);
