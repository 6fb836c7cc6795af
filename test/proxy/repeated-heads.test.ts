/** Repeated heads are reused, and neither the tenant nor the client can notice. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Bench, readUntil } from './support.ts';

let bench: Bench;
afterEach(() => bench.close());

const HOST = 'Host: acme.localhost\r\n';
const END = '\n--end';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: string[];
}

/** What the tenant received of each request, and each response as it came, all on one connection. */
async function inTurn(requests: readonly string[]): Promise<{ seen: Seen[]; answers: string[] }> {
  const socket = await bench.socket();
  const answers: string[] = [];
  for (const request of requests) answers.push(await ask(socket, request));
  socket.destroy();
  return { seen: answers.map((answer) => JSON.parse(answer.slice(answer.indexOf('{'), -END.length)) as Seen), answers };
}

function ask(socket: Socket, request: string): Promise<string> {
  const answer = readUntil(socket, END);
  socket.write(request, 'latin1');
  return answer;
}

function tell({ method, url, rawHeaders }: IncomingMessage, response: ServerResponse): void {
  const body = Buffer.from(JSON.stringify({ method, url, rawHeaders }) + END);
  response.writeHead(200, { date: 'Sat, 01 Jan 2000 00:00:00 GMT', 'content-length': body.length }).end(body);
}

const get = (path: string, lines = '') => `GET ${path} HTTP/1.1\r\n${HOST}${lines}\r\n`;

/** The head without the request id, which always differs. */
function withoutId({ rawHeaders }: Seen): string[] {
  const at = rawHeaders.indexOf('X-Request-Id');
  return rawHeaders.filter((_, index) => index !== at + 1);
}

function idOf({ rawHeaders }: Seen): string {
  return rawHeaders[rawHeaders.indexOf('X-Request-Id') + 1] ?? '';
}

test('a tenant gets the same headers each time, and each request its own method, path and id', async () => {
  bench = await Bench.open();
  await bench.app('web:acme', tell);
  const lines = 'Cookie: a=b\r\nX-Forwarded-For: 9.9.9.9\r\nConnection: keep-alive\r\nX_Tenant_Id: beta\r\n';
  const head = (method: string, path: string) => `${method} ${path} HTTP/1.1\r\n${HOST}${lines}\r\n`;
  const asked = [
    ['GET', '/1'],
    ['GET', '/2'],
    ['DELETE', '/3'],
    ['GET', '/4'],
  ] as const;
  const { seen } = await inTurn(asked.map(([method, path]) => head(method, path)));
  expect(seen.map(({ method, url }) => [method, url])).toEqual(asked);
  for (const one of seen) expect(withoutId(one)).toEqual(withoutId(seen[0] as Seen));
  expect(seen[0]?.rawHeaders).not.toContain('beta');
  expect(new Set(seen.map(idOf)).size).toBe(asked.length);
});

test('a body follows repeated headers of its own length', async () => {
  bench = await Bench.open();
  const bodies: string[] = [];
  await bench.app('web:acme', async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    bodies.push(body);
    tell(request, response);
  });
  const post = (body: string) => `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\n${body}`;
  await inTurn(['one', 'two', 'six', 'ten'].map(post));
  expect(bodies).toEqual(['one', 'two', 'six', 'ten']);
});

test("a trusted proxy's word about its client holds for that request only", async () => {
  bench = await Bench.open(['127.0.0.1']);
  await bench.app('web:acme', tell);
  const lines = (client: string, id: string) => `X-Forwarded-For: ${client}\r\nX-Request-Id: ${id}\r\n`;
  const said = [
    ['192.0.2.1', 'a'],
    ['192.0.2.1', 'a'],
    ['192.0.2.1', 'a'],
    ['192.0.2.2', 'a'],
    ['192.0.2.2', 'b'],
  ] as const;
  const { seen } = await inTurn(said.map(([client, id]) => get('/', lines(client, id))));
  expect(seen.map((one) => [one.rawHeaders[one.rawHeaders.indexOf('X-Forwarded-For') + 1], idOf(one)])).toEqual(
    said.map(([client, id]) => [`${client}, 127.0.0.1`, id]),
  );
});

test('a host that moves to another tenant reaches it with the next request', async () => {
  bench = await Bench.open();
  await bench.app('web:shop', tell);
  await bench.app('web:acme', tell);
  const socket = await bench.socket();
  const tenants: (string | undefined)[] = [];
  for (const gone of [false, false, false, true, true]) {
    // The label is an alias of acme, and the id of shop while a tenant shop exists.
    if (gone) bench.source.upstreams.delete('web:shop');
    const answer = await ask(socket, `GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n`);
    tenants.push(/"X-Tenant-Id","(\w+)"/.exec(answer)?.[1]);
  }
  socket.destroy();
  expect(tenants).toEqual(['shop', 'shop', 'shop', 'acme', 'acme']);
});

test('an answer with the same head is the same, byte by byte, also when it is the last on its connection', async () => {
  bench = await Bench.open();
  await bench.app('web:acme', (_request, response) => {
    const headers = { date: 'Sat, 01 Jan 2000 00:00:00 GMT', 'content-length': END.length, 'x-accel-redirect': '/x' };
    response.writeHead(200, headers).end(END);
  });
  const socket = await bench.socket();
  const answers: string[] = [];
  for (let count = 0; count < 5; count += 1) answers.push(await ask(socket, get(`/${count}`)));
  expect(new Set(answers).size).toBe(1);
  expect(answers[0]).not.toContain('x-accel-redirect');
  const last = await ask(socket, get('/last', 'Connection: close\r\n'));
  socket.destroy();
  expect(last).toBe(answers[0]?.replace(/Connection: keep-alive\r\nKeep-Alive: .*\r\n/, 'Connection: close\r\n'));
});

test('a request held for a wake says so, and the next with the same head does not', async () => {
  bench = await Bench.open();
  await bench.app('web:acme', tell);
  const socket = await bench.socket();
  const timed: boolean[] = [];
  for (const heldMs of [null, null, null, 41.2, null]) {
    bench.source.heldMs = heldMs;
    timed.push((await ask(socket, get('/'))).includes('Server-Timing: wake;dur=41.2\r\n'));
  }
  socket.destroy();
  expect(timed).toEqual([false, false, false, true, false]);
});

test('a date of the proxy is that of its answer, however often the same head comes', async () => {
  bench = await Bench.open();
  const times: number[] = [];
  await bench.rawApp('web:acme', (socket) => {
    socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${END.length}\r\n\r\n${END}`));
  });
  const socket = await bench.socket();
  const begunAtMs = Date.now();
  while (new Set(times).size < 2 && Date.now() - begunAtMs < 10_000) {
    times.push(Date.parse(/Date: (.*)\r\n/.exec(await ask(socket, get('/')))?.[1] ?? ''));
  }
  socket.destroy();
  expect(new Set(times).size).toBeGreaterThan(1);
});

test('HEAD between two GETs has the head alone', async () => {
  bench = await Bench.open();
  await bench.rawApp('web:acme', (socket) => {
    socket.on('data', (bytes: Buffer) => {
      const body = bytes.toString('latin1').startsWith('HEAD') ? '' : END;
      socket.write(`HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: ${END.length}\r\n\r\n${body}`);
    });
  });
  const socket = await bench.socket();
  const answers: string[] = [];
  for (const method of ['GET', 'GET', 'GET', 'HEAD', 'GET']) {
    const answer = readUntil(socket, method === 'HEAD' ? '\r\n\r\n' : END);
    socket.write(`${method} / HTTP/1.1\r\n${HOST}\r\n`);
    answers.push(await answer);
  }
  socket.destroy();
  expect(answers.map((answer) => answer.endsWith(END))).toEqual([true, true, true, false, true]);
});
