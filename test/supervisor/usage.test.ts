import { expect, test } from 'vitest';
import { granted, here, settle, world } from './fakes.ts';

test('the use of an instance is told from its wake to the end of its process', async () => {
  const made = world();
  void made.supervisor.spawn('api', 'acme', { start: false });
  await settle();
  const claim = made.supervisor.claim('api:acme', here());
  await settle();
  made.processes[0]?.becomeReady();
  const lease = granted(await claim);
  expect(lease.traffic).toBe(made.usage.traffic);
  lease.release('answered');
  void made.supervisor.stop('api:acme');
  await settle();
  const pid = made.processes[0]?.record.pid;
  expect(made.usage.calls).toEqual(['api:acme woke', `api:acme launched ${pid}`, 'api:acme ended unread']);
});
