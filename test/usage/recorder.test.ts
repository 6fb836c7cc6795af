import { beforeEach, expect, test } from 'vitest';
import type { UsageStore } from '../../src/core/stores/usage-store.ts';
import { TenementError } from '../../src/errors.ts';
import { silentLogger } from '../../src/logger.ts';
import { Recorder } from '../../src/usage/recorder.ts';
import { memoryStore } from '../core/usage/support.ts';
import { FakeClock } from '../supervisor/fakes.ts';

const PROCESS = { identity: { pid: 7, startTicks: 7 }, cpuSecondsBefore: 1, usage: () => null };

let clock: FakeClock;
let store: ReturnType<typeof memoryStore>;
let isLocked: boolean;
let messages: string[];
beforeEach(() => {
  clock = new FakeClock();
  store = memoryStore();
  isLocked = false;
  messages = [];
});

/** Another server, after the last one was killed. */
function recorder(bootId = 'boot'): Recorder {
  const write: UsageStore['write'] = (change) => {
    if (isLocked) throw new TenementError('state_failed', 'locked');
    store.write(change);
  };
  const say = (_fields: object, message: string) => void messages.push(message);
  const logger = { ...silentLogger(), error: say, info: say };
  const uptime = { bootId, nowMs: () => clock.nowMs() };
  return new Recorder({ store: { ...store, write }, clock, uptime, logger });
}

test('counts once what could not be written for a while, and says so once', async () => {
  const first = recorder();
  const use = first.of('api:acme', 'acme');
  use.launched(PROCESS);
  await clock.advance(1);
  isLocked = true;
  use.measured({ cpuSeconds: 3, memoryBytes: 0 });
  use.traffic.requests += 5;
  await clock.advance(3000);
  expect(store.sum('acme', 0, []).requests).toBe(0);
  isLocked = false;
  await clock.advance(1000);
  expect(store.sum('acme', 0, [])).toMatchObject({ requests: 5, cpuSeconds: 2 });
  expect(messages).toEqual([
    'usage cannot be written; kept in memory, will be tried again',
    'usage can be written again',
  ]);
  const next = recorder();
  const again = next.of('api:acme', 'acme');
  again.adopted(PROCESS, false);
  again.measured({ cpuSeconds: 3.5, memoryBytes: 0 });
  next.flush();
  expect(store.sum('acme', 0, [])).toMatchObject({ requests: 5, cpuSeconds: 2.5 });
});

test('writes nothing, and has no timer, once nothing is used any more', async () => {
  const one = recorder();
  const use = one.of('api:acme', 'acme');
  use.launched(PROCESS);
  use.ended({ cpuSeconds: 2, memoryBytes: 0 });
  await clock.advance(3000);
  const before = store.sum('acme', 0, []);
  let writes = 0;
  const { write } = store;
  store.write = (change) => {
    writes += 1;
    write(change);
  };
  await clock.advance(60_000);
  expect([writes, store.sum('acme', 0, []), store.marks()]).toEqual([0, before, []]);
});

test('takes no mark of another boot for the process that has its pid now', async () => {
  const before = recorder('earlier boot');
  before.of('api:acme', 'acme').launched(PROCESS);
  before.flush();
  const now = recorder();
  const use = now.of('api:acme', 'acme');
  use.adopted(PROCESS, false);
  use.measured({ cpuSeconds: 500, memoryBytes: 0 });
  now.flush();
  expect(store.sum('acme', 0, []).cpuSeconds).toBe(0);
});

test('keeps the usage of tenants apart, also of two instances of one', () => {
  const one = recorder();
  const grown: string[] = [];
  one.onGrowth((tenantId) => grown.push(tenantId));
  for (const name of ['api:acme', 'web:acme', 'api:globex'] as const) {
    const use = one.of(name, name.slice(4));
    use.traffic.requests += 1;
    use.woke();
  }
  one.flush();
  expect([one.total('acme', 'requests', 0), one.total('globex', 'requests', 0)]).toEqual([2, 1]);
  expect(grown).toEqual(['acme', 'globex']);
  expect([...one.sinceStart].map(([tenant, { wakes }]) => [tenant, wakes])).toEqual([
    ['acme', 2],
    ['globex', 1],
  ]);
});
