/** The same fields through tenement's own proxy, with both of its readers, and through the real nginx and Caddy. */
import { describe, expect, it } from 'vitest';
import {
  type Fate,
  type HeaderCase,
  keyOf,
  type ProxyKind,
  REQUEST_CASES,
  RESPONSE_CASES,
} from '../fixtures/header-cases.ts';
import { freePort } from '../ports.ts';
import { isMissing, type StartFront, startCaddy, startNginx } from './fronts.ts';
import { type OnFinished, serve, shared, type TestServer } from './support.ts';
import { type Answer, send } from './test-server.ts';

const CONFIG = `[service.app]
command = "node {fixtures}/tenant.mjs"
health = "/health"
socket_group = "www-data"
[instances]
app = ["acme"]
[proxy]
`;

interface Subject {
  readonly proxy: ProxyKind;
  readonly missing: boolean;
  readonly front: StartFront;
}

const own: StartFront = async ({ proxyPort }) => ({ port: proxyPort });
const SUBJECTS: readonly Subject[] = [
  { proxy: 'plain', missing: false, front: own },
  { proxy: 'node', missing: false, front: own },
  { proxy: 'nginx', missing: isMissing('nginx'), front: startNginx },
  { proxy: 'caddy', missing: isMissing('caddy'), front: startCaddy },
];

type Ask = (path: string, headers: Record<string, string>) => Promise<Answer>;

async function opened({ proxy, front }: Subject, onFinished: OnFinished): Promise<Ask> {
  const listen = `127.0.0.1:${await freePort()}`;
  const server: TestServer = await serve(`${CONFIG}listen = "${listen}"\n`, ['--proxy', listen], onFinished);
  await server.get('acme.localhost');
  const { port } = await front(server, onFinished);
  // node:http reads a request with TE.
  const reader: Record<string, string> = proxy === 'node' ? { te: 'trailers' } : {};
  return (path, headers) => send(port, path, { headers: { host: 'acme.localhost', ...reader, ...headers } });
}

type Fates = Record<string, Fate>;

function expected(cases: readonly HeaderCase[], proxy: ProxyKind): Fates {
  return Object.fromEntries(cases.map(({ name, fate, except }) => [name, except?.[proxy] ?? fate]));
}

async function fateOfRequest(ask: Ask, { name, value }: HeaderCase): Promise<Fate> {
  const { raw } = JSON.parse((await ask('/headers', { [name]: value })).body) as { raw: string[] };
  const arrived = raw.some(
    (text, index) => index % 2 === 1 && keyOf(raw[index - 1] ?? '') === keyOf(name) && text.includes(value),
  );
  return arrived ? 'passed' : 'dropped';
}

async function fateOfResponse(ask: Ask, { name, value }: HeaderCase): Promise<Fate> {
  const { status, headers, body } = await ask(`/respond?${new URLSearchParams({ [name]: value })}`, {});
  // No request was sent elsewhere by it.
  expect([name, status, body]).toEqual([name, 200, 'as sent']);
  return String(headers[name.toLowerCase()]).includes(value) ? 'passed' : 'dropped';
}

describe.each(SUBJECTS)('$proxy', (subject) => {
  const { proxy } = subject;
  const test = it.skipIf(subject.missing);
  const opening = shared((onFinished) => opened(subject, onFinished));

  test('passes on the fields of requests and responses that the table says', async () => {
    const ask = opening();
    const requests: Fates = {};
    for (const one of REQUEST_CASES) requests[one.name] = await fateOfRequest(ask, one);
    expect.soft(requests).toEqual(expected(REQUEST_CASES, proxy));
    const responses: Fates = {};
    for (const one of RESPONSE_CASES) responses[one.name] = await fateOfResponse(ask, one);
    expect.soft(responses).toEqual(expected(RESPONSE_CASES, proxy));
  });

  test('refuses a target in absolute form that names another site than Host', async () => {
    const ask = opening();
    const hostSeen = async (target: string, host: string) => {
      const { status, body } = await ask(target, { host });
      if (status !== 200) return status;
      const { raw } = JSON.parse(body) as { raw: string[] };
      return raw[raw.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'host') + 1];
    };
    expect(await hostSeen('http://acme.localhost/headers', 'acme.localhost')).toBe('acme.localhost');
    expect(await hostSeen('http://acme.localhost/headers', 'ACME.localhost')).toMatch(/^acme\.localhost$/i);
    for (const host of ['evil.example', 'acme.localhost.evil.example', 'acme.localhost@evil.example']) {
      expect([400, 'acme.localhost']).toContain(await hostSeen('http://acme.localhost/headers', host));
    }
    expect([400, 404]).toContain(await hostSeen('http://evil.example/headers', 'acme.localhost'));
  });
});
