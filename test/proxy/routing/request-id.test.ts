import { afterEach, expect, test } from 'vitest';
import { Bench, echo } from '../support.ts';

let bench: Bench;
afterEach(() => bench.close());

/** The id that the tenant gets when a trusted proxy sends this one. */
async function idFor(sent: string): Promise<string> {
  const answer = await bench.fetch({ headers: { 'x-request-id': sent } });
  const { rawHeaders } = JSON.parse(answer.body) as { rawHeaders: string[] };
  return rawHeaders[rawHeaders.indexOf('X-Request-Id') + 1] ?? '';
}

test('a trusted proxy names a request, within bounds', async () => {
  bench = await Bench.open(['127.0.0.1']);
  await bench.app('web:acme', echo);
  const good = ['1', '0af7651916cd43dd8448eb211c80319c', 'Root=1-67891233-abcdef012345678912345678', 'x'.repeat(128)];
  for (const id of good) expect(await idFor(id)).toBe(id);
  const bad = ['x'.repeat(129), 'a b', '<script>', 'a"b', 'é', ''];
  for (const id of bad) expect(await idFor(id)).toMatch(/^[0-9a-f-]{36}$/);
});
