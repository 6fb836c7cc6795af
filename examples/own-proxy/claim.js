// A reverse proxy in node:http that connects to the customer's process by itself. See docs/embedding.md.
import { once } from 'node:events';
import { createServer, request as httpRequest, STATUS_CODES } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Hypervisor } from 'tenement';
import { instanceOf } from './keys.js';

/** Headers of one connection (RFC 9110, 7.6.1). The next connection has its own. */
const HOP_BY_HOP = ['connection', 'expect', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade'];

function endToEnd(headers) {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  return Object.fromEntries(Object.entries(headers).filter(([name]) => ![...HOP_BY_HOP, ...named].includes(name)));
}

/** Aborts when the client disconnects before its response is complete. */
function untilClosed(stream) {
  const left = new AbortController();
  stream.once('close', () => stream.writableFinished || left.abort());
  return left.signal;
}

/** Sends the head of a request to the process, on a connection of its own: it ends with the process. */
function sendTo({ upstream }, { method, url, socket }, headers, signal) {
  const seen = {
    'x-forwarded-for': socket.remoteAddress,
    'x-forwarded-host': headers.host,
    'x-forwarded-proto': 'http',
  };
  const options = {
    ...upstream,
    host: '127.0.0.1',
    method,
    path: url,
    agent: false,
    signal,
    headers: { ...headers, ...seen },
  };
  // `once` reports what fails before the response. After it, the response's own stream fails too.
  return httpRequest(options).on('error', () => {});
}

/** Settles with the event of the response. Gives up after the service's `request_timeout`. */
async function responseTo(outgoing, event, { requestTimeoutMs }) {
  const timer = requestTimeoutMs > 0 && setTimeout(() => outgoing.destroy(new Error('no response')), requestTimeoutMs);
  try {
    return await once(outgoing, event);
  } finally {
    clearTimeout(timer);
  }
}

async function forward(lease, request, response, signal) {
  // The process keeps the connection open, and the client ends it: a request whose process closes while its last bytes
  // are written fails, even when its response has been sent.
  const outgoing = sendTo(lease, request, { ...endToEnd(request.headers), connection: 'keep-alive' }, signal);
  request.on('data', ({ length }) => lease.count({ ingressBytes: length })).pipe(outgoing);
  const [answer] = await responseTo(outgoing, 'response', lease);
  answer.on('data', ({ length }) => lease.count({ egressBytes: length }));
  response.writeHead(answer.statusCode, endToEnd(answer.headers));
  await pipeline(answer, response);
}

async function forwardUpgrade(lease, request, socket, head, signal) {
  const asked = { connection: 'upgrade', upgrade: request.headers.upgrade };
  const outgoing = sendTo(lease, request, { ...endToEnd(request.headers), ...asked }, signal);
  // A process that refuses the upgrade sends a usual response, which this example does not pass on.
  outgoing.once('response', () => outgoing.destroy(new Error('no upgrade'))).end();
  const [answer, upstream, first] = await responseTo(outgoing, 'upgrade', lease);
  const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
  socket.write(first);
  upstream.write(head);
  // An open stream keeps the instance awake, and does not delay a restart or a stop.
  lease.becomeStream();
  await Promise.allSettled([pipeline(socket, upstream), pipeline(upstream, socket)]);
}

/** Claims the instance, uses the lease, and releases it. `refuse` answers what cannot be forwarded. */
async function serve(hypervisor, request, signal, use, refuse) {
  const instance = instanceOf(request);
  if (instance === null) return refuse(401);
  let lease = null;
  let outcome = 'broke-off';
  try {
    lease = await hypervisor.claim(instance, signal, request.socket.remoteAddress);
    if ('refused' in lease) return refuse(503, lease.retryAfterS);
    await use(lease);
    outcome = 'answered';
  } catch (error) {
    // When the client has left, the process is not to blame.
    if (signal.aborted) outcome = undefined;
    else console.error(`${instance}: ${error.message}`);
    refuse(502);
  } finally {
    lease?.release?.(outcome);
  }
}

export function startProxy(hypervisor, port = 8080) {
  const server = createServer((request, response) => {
    const signal = untilClosed(response);
    const refuse = (status, retryAfterS = null) => {
      if (response.headersSent) return response.destroy();
      response.writeHead(status, retryAfterS === null ? {} : { 'retry-after': retryAfterS });
      response.end(`${STATUS_CODES[status]}\n`);
    };
    serve(hypervisor, request, signal, (lease) => forward(lease, request, response, signal), refuse);
  });
  server.on('upgrade', (request, socket, head) => {
    const signal = untilClosed(socket.on('error', () => {}));
    const refuse = (status) =>
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    serve(hypervisor, request, signal, (lease) => forwardUpgrade(lease, request, socket, head, signal), refuse);
  });
  server.requestTimeout = 0; // An upload may take as long as it likes.
  return server.listen(port, '127.0.0.1');
}

if (import.meta.main) {
  const hypervisor = await Hypervisor.load('tenement.toml');
  const server = startProxy(hypervisor);
  process.once('SIGTERM', async () => {
    server.close();
    await hypervisor.close();
  });
}
