import { expect, test } from 'vitest';
import { newRecord } from '../../src/core/lifecycle/instance.ts';
import { world } from './fakes.ts';

const record = (tenantId: string) => newRecord('api', tenantId, { env: {}, limits: {} }, 1000);

test('pages are the list of instances in parts, sleepers and awake ones', async () => {
  const made = world({}, {}, { records: ['d', 'b', 'a', 'c'].map(record) });
  await made.supervisor.open();
  await made.supervisor.spawn('api', 'e', { start: false });
  const first = made.supervisor.page({ limit: 2 });
  expect(first.instances.map(({ id }) => id)).toEqual(['a', 'b']);
  expect(first.next).toBe('api:b');
  await made.supervisor.remove('api:b');
  const second = made.supervisor.page({ limit: 2, after: 'api:b' });
  expect(second).toMatchObject({ instances: [{ id: 'c' }, { id: 'd' }], next: 'api:d' });
  expect(made.supervisor.page({ after: 'api:d' })).toMatchObject({ instances: [{ id: 'e' }], next: null });
  expect(made.supervisor.page({}).instances).toEqual(made.supervisor.list());
});

test('what is not seen counts for no page', async () => {
  const made = world({}, {}, { records: ['a', 'b', 'c', 'd'].map(record) });
  await made.supervisor.open();
  const isSeen = (instance: string) => instance !== 'api:b' && instance !== 'api:d';
  expect(made.supervisor.page({ limit: 2, isSeen })).toMatchObject({
    instances: [{ id: 'a' }, { id: 'c' }],
    next: null,
  });
});
