import { expect, test } from 'vitest';
import { serveAll } from './support.ts';
import { send } from './test-server.ts';

const COMMAND = 'command = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n';
const server = serveAll(
  `[proxy]\ndefault_service = "api"\n[service.api]\n${COMMAND}[service.web]\n${COMMAND}` +
    '[instances]\napi = ["acme", "globex"]\nweb = ["acme"]\n',
);

/** Makes a token at the command line, and returns the means to use it. */
async function holder(name: string, ...options: string[]) {
  const made = JSON.parse((await server().cli('token', 'create', name, ...options, '--json')).stdout);
  const overHttp = ['--api', `http://127.0.0.1:${server().apiPort}`, '--token', made.token];
  const api = async (path: string, method = 'GET', body = '') => {
    const headers = {
      authorization: `Bearer ${made.token}`,
      ...(body !== '' && { 'content-type': 'application/json' }),
    };
    const { status, body: text } = await send(server().apiPort, path, { method, headers, body });
    return { status, text };
  };
  return {
    id: made.id as string,
    api,
    cli: (...words: string[]) => server().cli(...words, ...overHttp),
    follow: (...words: string[]) => server().follow(...words, ...overHttp),
  };
}

const codeOf = ({ status, text }: { status: number; text: string }) => [status, JSON.parse(text).code];

test("each of two tenants' tokens sees its own tenant, and the other's does not exist for it", async () => {
  const tenants = { acme: ['api:acme', 'web:acme'], globex: ['api:globex'] };
  for (const [id, own] of Object.entries(tenants)) {
    const other = id === 'acme' ? 'api:globex' : 'api:acme';
    const { api, cli } = await holder(`${id}-all`, '--scope', `tenant:${id}`, '--can', 'read,operate,manage');
    const { instances } = JSON.parse((await api('/api/instances')).text);
    expect(instances.map(({ instance }: { instance: string }) => instance)).toEqual(own);
    expect((await cli('ps')).stdout).not.toContain(other);
    expect((await api('/metrics')).text).not.toContain(`tenant="${other.slice('api:'.length)}"`);
    for (const path of ['', '/logs', '/logs?follow=true']) {
      expect(codeOf(await api(`/api/instances/${other}${path}`))).toEqual([404, 'unknown_tenant']);
    }
    for (const verb of ['start', 'stop', 'restart', 'sleep']) {
      expect(codeOf(await api(`/api/instances/${other}/${verb}`, 'POST'))).toEqual([404, 'unknown_tenant']);
    }
    expect(codeOf(await api(`/api/instances/${other}?purge=true`, 'DELETE'))).toEqual([404, 'unknown_tenant']);
    expect(codeOf(await api(`/spawn/api/--id=${other.slice('api:'.length)}`))).toEqual([403, 'forbidden']);
    expect((await server().instance(other)).state).toBe('ready');
    const events = (await api('/api/events')).text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect([...new Set(events.map(({ tenant }) => tenant))]).toEqual([id]);
  }
});

test('a token that may only read changes nothing, and is told what it lacks', async () => {
  const { api, cli } = await holder('acme-reads', '--scope', 'tenant:acme');
  expect(codeOf(await api('/api/instances/api:acme/stop', 'POST'))).toEqual([403, 'forbidden']);
  expect(codeOf(await api('/api/instances/api:acme/logs'))).toEqual([403, 'forbidden']);
  expect(codeOf(await api('/api/instances/api:acme', 'DELETE'))).toEqual([403, 'forbidden']);
  expect(codeOf(await api('/api/tokens', 'POST', '{"name":"mine"}'))).toEqual([403, 'forbidden']);
  expect((await cli('stop', 'api:acme')).stderr).toBe(
    'tenement: the token acme-reads may read, but this needs operate (forbidden)\n' +
      'hint: An operator makes one that may: `tenement token create NAME --scope tenant:acme --can operate`.\n',
  );
  expect((await server().instance('api:acme')).state).toBe('ready');
});

test("a service's token registers customers of that service, and of no other", async () => {
  const { api } = await holder('signup', '--scope', 'service:api', '--can', 'manage');
  expect((await api('/api/instances', 'POST', '{"service":"api","id":"initech","start":false}')).status).toBe(201);
  expect(codeOf(await api('/api/instances', 'POST', '{"service":"web","id":"initech"}'))).toEqual([403, 'forbidden']);
  expect(codeOf(await api('/api/instances/web:acme'))).toEqual([404, 'unknown_tenant']);
  expect(codeOf(await api('/api/instances/api:initech/start', 'POST'))).toEqual([403, 'forbidden']);
  const { stdout } = await server().cli('events', 'api:initech');
  expect(stdout).toMatch(/^\S+ api:initech spawned registered \[by signup from 127\.0\.0\.1\]\n$/);
});

test('a revoked token is cut off from the events and the output that it follows', async () => {
  const { id, follow } = await holder('follows', '--scope', 'tenant:acme', '--can', 'operate');
  const events = follow('events', '-f');
  const logs = follow('logs', 'web:acme', '-f');
  await server().get('acme.web.localhost', '/print?text=seen');
  await logs.line(/seen$/);
  await events.line(/web:acme/);
  await server().cli('token', 'revoke', id);
  expect([await events.ended, await logs.ended]).toEqual([1, 1]);
  await events.errorLine(/the bearer token is not valid/);
  expect(events.errorLines.join('\n')).not.toContain('the server has ended');
});

test('the next customer of a purged id has neither the tokens nor the events of the one before', async () => {
  await server().cli('spawn', 'api', '--id', 'hooli', '--no-start');
  const { api } = await holder('hooli-panel', '--scope', 'tenant:hooli');
  expect((await api('/api/instances')).status).toBe(200);
  await server().cli('rm', 'api:hooli', '--purge', '--yes');
  await server().cli('spawn', 'api', '--id', 'hooli', '--no-start');
  expect(codeOf(await api('/api/instances'))).toEqual([401, 'unauthorized']);
  const next = await holder('hooli-next', '--scope', 'tenant:hooli');
  const events = (await next.api('/api/events')).text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.map(({ type }) => type)).toEqual(['spawned']);
});

test('the events say who made each change, and never what a variable holds', async () => {
  const { api } = await holder('ops', '--can', 'read,operate');
  await server().cli('spawn', 'api', '--id', 'audited', '--env', 'KEY=do-not-tell', '--memory-limit-mb', '99');
  await api('/api/instances/api:audited/sleep', 'POST');
  await server().get('audited.localhost');
  const { stdout } = await server().cli('events', '--tenant', 'audited', '--json');
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.map(({ type, actor, address }) => `${type} ${actor} ${address}`)).toEqual([
    'spawned cli null',
    'started cli null',
    'ready cli null',
    'slept ops 127.0.0.1',
    'woke request null',
    'ready request null',
  ]);
  expect(events[0].data).toEqual({ env: ['KEY'], limits: { memoryLimitMb: 99 } });
  expect(stdout).not.toContain('do-not-tell');
});

test('the commands say what a token may do, and list it', async () => {
  const made = await server().cli(
    'token',
    'create',
    'panel',
    '--scope',
    'tenant:acme',
    '--can',
    'read, operate',
    '--expires',
    '90d',
  );
  expect(made.stdout).toMatch(/^ten_[0-9A-Za-z]{49}\n$/);
  expect(made.stderr).toMatch(
    /^Token \w{12} \(panel\) may read, operate in the scope tenant:acme, and expires at 20\S+Z\. It is not shown again:\n$/,
  );
  const line = (await server().cli('token', 'ls')).stdout.split('\n').find((text) => text.includes(' panel '));
  expect(line).toMatch(/^\w{12} +panel +tenant:acme +read,operate +in (90d 0h|89d 23h) +never +20\S+Z$/);
  const wrong = await server().cli('token', 'create', 'x', '--scope', 'service:apu');
  expect([wrong.status, wrong.stderr]).toEqual([
    2,
    'tenement: scope: there is no service "apu" (bad_input)\nhint: Services in the config: api, web.\n',
  ]);
});
