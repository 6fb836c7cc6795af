import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../../../src/api/client/client.ts';
import { view } from '../../fakes.ts';
import { runningApi } from '../../running.ts';

async function withInstances(count: number) {
  const running = await runningApi();
  for (let index = count; index > 0; index -= 1) {
    const name = `api:t${String(index).padStart(4, '0')}` as const;
    running.supervisor.views.set(name, view(name));
  }
  const get = async (query: string) => {
    const { status, text } = await running.call(`/api/instances${query}`);
    return { status, ...JSON.parse(text) };
  };
  return { ...running, get };
}

test('without a limit, all instances are answered by name', async () => {
  const { get } = await withInstances(3);
  const { instances, next } = await get('');
  expect(instances.map(({ id }: { id: string }) => id)).toEqual(['t0001', 't0002', 't0003']);
  expect(next).toBe(null);
});

test('pages follow each other by next', async () => {
  const { get } = await withInstances(5);
  const ids: string[] = [];
  for (let query = '?limit=2'; query !== ''; ) {
    const { instances, next } = await get(query);
    ids.push(...instances.map(({ id }: { id: string }) => id));
    query = next === null ? '' : `?limit=2&after=${next}`;
  }
  expect(ids).toEqual(['t0001', 't0002', 't0003', 't0004', 't0005']);
});

test('a token gets pages of what it may see, without gaps, and no name of another in next', async () => {
  const { call, supervisor, tokenStore } = await runningApi('token');
  for (const name of ['api:a', 'api:b', 'web:a', 'web:b', 'web:c'] as const) supervisor.views.set(name, view(name));
  const { token } = await tokenStore.make({ scope: 'tenant:b', can: ['read'] });
  const headers = { authorization: `Bearer ${token}` };
  const get = async (query: string) => JSON.parse((await call(`/api/instances${query}`, { headers })).text);
  expect(await get('?limit=1')).toMatchObject({ instances: [{ instance: 'api:b' }], next: 'api:b' });
  expect(await get('?limit=1&after=api:b')).toMatchObject({ instances: [{ instance: 'web:b' }], next: null });
});

test('bad limits and places are refused with the field and the remedy', async () => {
  const { get } = await withInstances(1);
  const cases: [string, RegExp][] = [
    ['?limit=0', /^limit: expected a number from 1 to 1000$/],
    ['?limit=1001', /^limit: expected a number from 1 to 1000$/],
    ['?limit=-1', /^limit: expected a whole number$/],
    ['?limit=ten', /^limit: expected a whole number$/],
    ['?limit=', /^limit: expected a whole number$/],
    ['?limit=1e3', /^limit: expected a whole number$/],
    ['?after=acme', /^after: "acme" is not an instance$/],
    ['?after=', /^after: "" is not an instance$/],
    ['?after=api:UPPER', /^after: /],
    [`?after=api:${'x'.repeat(5000)}`, /^after: /],
    ['?page=2', /page/],
  ];
  for (const [query, detail] of cases) {
    const refused = await get(query);
    expect([query, refused.status, refused.code]).toEqual([query, 400, 'bad_input']);
    expect(refused.detail).toMatch(detail);
  }
  expect((await get('?limit=1000')).status).toBe(200);
});

test('the client reads all pages', async () => {
  const { url, supervisor } = await withInstances(2003);
  const client = createClient({ url, token: null });
  onTestFinished(() => client.close());
  const all = await client.list();
  expect(all).toHaveLength(2003);
  expect(all.map(({ instance }) => instance)).toEqual([...supervisor.views.keys()].toSorted());
});

test('the client takes the whole list of a server that knows no pages', async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ instances: [view('api:acme')] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const client = createClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: null });
  onTestFinished(() => client.close());
  expect(await client.list()).toHaveLength(1);
  expect(asked).toHaveLength(1);
});
