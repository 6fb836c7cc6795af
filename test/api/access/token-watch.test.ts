import { once } from 'node:events';
import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { parseScope } from '../../../src/core/access/scope.ts';
import { runningApi } from '../running.ts';

/** Follows events, and settles with the response when it has begun. */
async function follower(url: string, token: string) {
  const outgoing = request(`${url}/api/events?follow=true`, { headers: { authorization: `Bearer ${token}` } });
  onTestFinished(() => void outgoing.destroy());
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  response.on('error', () => {});
  const closed = new Promise<void>((resolve) => response.once('close', resolve));
  return { closed, text: () => text };
}

test("a revoked token's open streams are cut off, and others' go on", async () => {
  const { url, tokenStore, events } = await runningApi('token');
  const revoked = await tokenStore.make({ scope: 'tenant:acme' });
  const kept = await tokenStore.make({ scope: 'tenant:acme' });
  const [first, second] = [await follower(url, revoked.token), await follower(url, kept.token)];
  await tokenStore.revoke(revoked.id);
  await first.closed;
  events.add('woke', 'api:acme');
  await expect.poll(second.text).toContain('woke');
  expect(first.text()).toBe('');
});

test("an expired token's open streams are cut off when it expires", async () => {
  const { url, tokenStore } = await runningApi('token');
  const expiresAtMs = Date.now() + 300;
  const { token } = await tokenStore.create({ name: 'ci', scope: parseScope('admin'), can: ['read'], expiresAtMs });
  const { closed } = await follower(url, token);
  await closed;
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAtMs);
});

test('a stream of events has only those of what the scope covers, while it is followed too', async () => {
  const { url, tokenStore, events } = await runningApi('token');
  events.add('spawned', 'api:globex');
  events.add('spawned', 'api:acme');
  const { token } = await tokenStore.make({ scope: 'tenant:acme' });
  const { text } = await follower(url, token);
  events.add('woke', 'api:globex');
  events.add('reloaded');
  events.add('woke', 'web:acme');
  await expect.poll(text).toContain('web:acme');
  const seen = text().trim().split('\n');
  expect(seen.map((line) => JSON.parse(line).instance)).toEqual(['api:acme', 'web:acme']);
});

test('events of tokens are for admins alone', async () => {
  const { call, tokenStore } = await runningApi('token');
  const admin = await tokenStore.make();
  const other = await tokenStore.make({ scope: 'service:api' });
  const as = ({ token }: { token: string }) => ({ headers: { authorization: `Bearer ${token}` } });
  const post = { method: 'POST', headers: { ...as(admin).headers, 'content-type': 'application/json' } };
  await call('/api/tokens', { ...post, body: '{"name":"new","scope":"tenant:acme","expires":"90d"}' });
  const [event] = (await call('/api/events', as(admin))).text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(event).toMatchObject({
    type: 'token-created',
    message: 'new (t3), scope tenant:acme, may read',
    actor: 'ci',
    tokenId: 't1',
    address: '127.0.0.1',
    data: { id: 't3', name: 'new', scope: 'tenant:acme', can: ['read'], expiresAt: expect.any(String) },
  });
  expect(JSON.stringify(event)).not.toContain('secret');
  expect((await call('/api/events', as(other))).text).toBe('');
});
