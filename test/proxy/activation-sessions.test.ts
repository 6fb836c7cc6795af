/** Clients spliced to a process that ends: they continue with the next one. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, createServer as createHttpServer, type RequestListener, request, type Server } from 'node:http';
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { Admission, Lease } from '../../src/core/admission/serving.ts';
import { Traffic } from '../../src/core/usage/traffic.ts';
import { silentLogger } from '../../src/logger.ts';
import { ActivationSessions } from '../../src/proxy/activation-sessions.ts';
import { HeldConnection } from '../../src/proxy/client/held-connection.ts';

/** An activation socket. Claims are for the process of `generation`; each process is a server at its own socket. */
class WorkerBench {
  generation = 1;
  /** The answer to claims instead of a lease. */
  refusal: Admission | null = null;
  open = 0;
  accepted: Socket[] = [];
  readonly traffic = new Traffic();
  readonly sessions: ActivationSessions;
  private readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
    this.sessions = new ActivationSessions({
      source: { claim: () => this.refusal ?? this.lease() },
      logger: silentLogger(),
      takeOver: () => false,
    });
  }

  get bell(): string {
    return join(this.dir, 'bell.s');
  }

  pathOf(generation: number): string {
    return join(this.dir, `${generation}.s`);
  }

  private lease(): Lease {
    const { generation } = this;
    let isOpen = true;
    this.open += 1;
    const release = () => {
      this.open -= isOpen ? 1 : 0;
      isOpen = false;
    };
    const upstream = { socketPath: this.pathOf(generation) };
    return { instance: 'web:acme', generation, upstream, release, traffic: this.traffic } as Partial<Lease> as Lease;
  }

  /** Retires the process of that generation, as a drain does: the next one serves from now on. */
  next(): void {
    const { generation } = this;
    this.generation += 1;
    this.sessions.retire(generation);
  }
}

async function place(): Promise<WorkerBench> {
  const made = new WorkerBench(await mkdtemp(join(tmpdir(), 'tnm-')));
  const bell = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    made.accepted.push(socket.on('error', () => {}));
    made.sessions.serve('web:acme', new HeldConnection(socket), false);
  });
  onTestFinished(async () => {
    for (const socket of made.accepted) socket.destroy();
    await rm(join(made.bell, '..'), { recursive: true, force: true });
  });
  await listening(bell, made.bell);
  return made;
}

async function listening(server: NetServer, path: string): Promise<void> {
  await once(server.listen(path), 'listening');
  onTestFinished(() => {
    server.close();
    if ('closeAllConnections' in server) (server as Server).closeAllConnections();
  });
}

/** A tenant that answers with its generation. */
async function tenant(made: WorkerBench, generation: number, listener?: RequestListener): Promise<Server> {
  const server = createHttpServer(listener ?? ((_request, response) => response.end(String(generation))));
  await listening(server, made.pathOf(generation));
  return server;
}

/** One client that keeps its connection. */
function client(made: WorkerBench) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return async (path = '/', method = 'GET') => {
    const outgoing = request({ socketPath: made.bell, path, method, agent, headers: { host: 'x' } });
    const answered = once(outgoing, 'response');
    outgoing.end(method === 'POST' ? 'body' : undefined);
    const [response] = await answered;
    return { status: response.statusCode, body: await text(response), headers: response.headers };
  };
}

test('between two requests a client stays, and its next one goes to the next process', async () => {
  const made = await place();
  for (const generation of [1, 2, 3]) await tenant(made, generation);
  const ask = client(made);
  for (const generation of ['1', '2', '3']) {
    expect((await ask()).body).toBe(generation);
    expect((await ask('/', 'POST')).body).toBe(generation);
    if (generation !== '3') made.next();
    expect(made.open).toBe(generation === '3' ? 1 : 0);
  }
  expect(made.accepted).toHaveLength(1);
});

test('a client that waits for its response gets it, and continues with the next process', async () => {
  const made = await place();
  const asked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  await tenant(made, 1, async (_request, response) => {
    response.write('begun');
    asked.resolve();
    await goOn.promise;
    response.end(' and ended');
  });
  await tenant(made, 2);
  const ask = client(made);
  const first = ask();
  await asked.promise;
  made.next();
  expect(made.open).toBe(1);
  goOn.resolve();
  expect((await first).body).toBe('begun and ended');
  expect(made.open).toBe(0);
  expect((await ask()).body).toBe('2');
  expect(made.accepted).toHaveLength(1);
});

test('a process that closes idle connections closes no client', async () => {
  const made = await place();
  const server = await tenant(made, 1);
  await tenant(made, 2);
  const ask = client(made);
  await ask();
  server.closeAllConnections();
  await expect.poll(() => made.open).toBe(0);
  made.generation = 2;
  expect((await ask()).body).toBe('2');
  expect(made.accepted).toHaveLength(1);
});

test('a client whose instance is stopped meanwhile gets a refusal and Connection: close', async () => {
  const made = await place();
  await tenant(made, 1);
  const ask = client(made);
  await ask();
  made.next();
  made.refusal = { refused: 'stopped', retryAfterS: null };
  const { status, headers } = await ask();
  expect([status, headers.connection]).toEqual([503, 'close']);
});

test('a client that joins while its process is retired still leaves the process', async () => {
  const made = await place();
  await tenant(made, 1, (_request, response) => {
    made.next();
    response.end('1');
  });
  await tenant(made, 2);
  const ask = client(made);
  expect((await ask()).body).toBe('1');
  await expect.poll(() => made.open).toBe(0);
  expect((await ask()).body).toBe('2');
});

test('a WebSocket stays with its process, and ends with it', async () => {
  const made = await place();
  const server = await tenant(made, 1);
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (peer) => peer.on('message', (data) => peer.send(String(data))));
  const socket = new WebSocket(`ws+unix://${made.bell}:/`);
  await once(socket, 'open');
  made.next();
  socket.send('still here');
  expect(String((await once(socket, 'message'))[0])).toBe('still here');
  expect(made.open).toBe(1);
  const closed = once(socket, 'close');
  for (const peer of sockets.clients) peer.terminate();
  await closed;
  await expect.poll(() => made.open).toBe(0);
});

test('a client that half-closes after its process has ended gets its whole response', async () => {
  const made = await place();
  const size = 256 * 1024;
  await tenant(made, 1, (_request, response) => response.end('x'.repeat(size)));
  const socket = connect({ path: made.bell, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'readable');
  made.next();
  socket.end();
  const answer = await text(socket);
  expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toHaveLength(size);
});

test('closing closes clients that wait for nothing', async () => {
  const made = await place();
  await tenant(made, 1);
  const socket = connect(made.bell);
  onTestFinished(() => void socket.destroy());
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  made.next();
  const ended = once(socket, 'close');
  made.sessions.close();
  socket.resume();
  await ended;
});

test('a session listens to a connection only once, however often the process changes', async () => {
  const made = await place();
  for (const generation of [1, 2, 3, 4, 5]) await tenant(made, generation);
  const ask = client(made);
  await ask();
  const [socket] = made.accepted;
  const count = () => ['data', 'close', 'end', 'error', 'drain', 'timeout'].map((name) => socket?.listenerCount(name));
  const before = count();
  for (let times = 0; times < 4; times += 1) {
    made.next();
    await ask();
  }
  expect(count()).toEqual(before);
});
