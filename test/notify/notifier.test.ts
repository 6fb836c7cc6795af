import { expect, test } from 'vitest';
import { CLI } from '../../src/core/access/actor.ts';
import { KEEP_TRYING_MS } from '../../src/core/notify/retry.ts';
import { FakeClock } from '../supervisor/fakes.ts';
import { HANG, type Receiver, startReceiver } from './receiver.ts';
import { notifying, targetAt } from './support.ts';

/** Waits until nothing is pending for the receiver. */
async function allAccepted({ outbox }: ReturnType<typeof notifying>, { url }: Receiver): Promise<void> {
  await expect.poll(() => outbox.history(url).pending).toBe(0);
}

/** Waits until the attempts under way have failed, then until the next one is due. */
async function nextTry(list: () => Promise<{ nextTryAt: string | null }[]>, clock: FakeClock): Promise<number> {
  await expect.poll(async () => (await list())[0]?.nextTryAt).not.toBeNull();
  const delayMs = Date.parse((await list())[0]?.nextTryAt ?? '') - clock.nowMs();
  await clock.advance(delayMs);
  return delayMs;
}

test('events of the chosen types are sent in order, those before the start too', async () => {
  const receiver = await startReceiver();
  const notified = notifying([targetAt(receiver.url, { events: ['failed', 'ready'] })]);
  for (const type of ['spawned', 'ready', 'crashed', 'failed'] as const) notified.add(type);
  notified.start();
  await receiver.count(2);
  notified.add('ready');
  notified.add('slept');
  await allAccepted(notified, receiver);
  expect(receiver.types).toEqual(['ready', 'failed', 'ready']);
  expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([
    'evt_2_lfls',
    'evt_4_lfls',
    'evt_5_lfls',
  ]);
});

test('a tenant whose message is refused waits; those of others, and of none, go on', async () => {
  const receiver = await startReceiver();
  let isBroken = true;
  receiver.answer = ({ event }) => (isBroken && event.instance === 'api:acme' ? 500 : 200);
  const notified = notifying([targetAt(receiver.url)]);
  notified.start();
  for (const type of ['spawned', 'ready'] as const) {
    notified.add(type, 'api:acme');
    notified.add(type, 'api:globex');
    notified.add('reloaded', null);
  }
  await expect.poll(() => notified.outbox.history(receiver.url).pending).toBe(2);
  expect(receiver.received.filter(({ event }) => event.instance === 'api:acme')).toHaveLength(1);
  isBroken = false;
  await notified.clock.advance(5000);
  await allAccepted(notified, receiver);
  const accepted = receiver.received.slice(1).map(({ event }) => [event.instance, event.seq]);
  for (const instance of ['api:acme', 'api:globex', null]) {
    const seqs = accepted.filter(([of]) => of === instance).map(([, seq]) => Number(seq));
    expect([instance, seqs]).toEqual([instance, seqs.toSorted((a, b) => a - b)]);
  }
});

test('an instance of each service of a tenant is in the same order', async () => {
  const receiver = await startReceiver();
  const notified = notifying([targetAt(receiver.url)]);
  notified.start();
  for (let index = 0; index < 20; index += 1) notified.add('ready', index % 2 === 0 ? 'api:acme' : 'web:acme');
  await allAccepted(notified, receiver);
  expect(receiver.seqs).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

test('a message is sent again with the same id and body, later each time, for three days', async () => {
  const receiver = await startReceiver();
  receiver.answer = () => 500;
  const notified = notifying([targetAt(receiver.url)]);
  const notifier = notified.start();
  const begunMs = notified.clock.nowMs();
  notified.add('failed');
  notified.add('ready');
  const delays: number[] = [];
  for (let attempt = 1; attempt <= 12; attempt += 1) {
    await receiver.count(attempt);
    delays.push((await nextTry(() => notifier.list(), notified.clock)) / 1000);
  }
  expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
  expect(new Set(receiver.received.map(({ headers, body }) => `${headers['webhook-id']} ${body}`)).size).toBe(1);
  expect(await notifier.list()).toMatchObject([{ pending: 2, givenUp: 0, lastFailure: 'answered 500' }]);

  // The last attempt is an hour at most after the three days; the message after it is as old, and is tried once.
  while (notified.outbox.history(receiver.url).givenUp === 0) await nextTry(() => notifier.list(), notified.clock);
  expect(notified.clock.nowMs() - begunMs).toBeLessThan(KEEP_TRYING_MS + 3_600_001);
  await allAccepted(notified, receiver);
  await notified.clock.advance(0);
  expect(await notifier.list()).toMatchObject([{ pending: 0, givenUp: 2, nextTryAt: null }]);
  expect(receiver.types.at(-1)).toBe('ready');
  const lost = notified.events.list({ type: 'notify-given-up' });
  expect(lost.map(({ data }) => data)).toEqual([
    { receiver: new URL(receiver.url).origin, count: expect.any(Number), reason: 'answered 500' },
  ]);
});

test('a clock that jumps a year ahead costs no message of a receiver that is back within the hour', async () => {
  class JumpingClock extends FakeClock {
    aheadMs = 0;
    override nowMs(): number {
      return super.nowMs() + this.aheadMs;
    }
  }
  const clock = new JumpingClock();
  const receiver = await startReceiver();
  let isBack = false;
  receiver.answer = () => (isBack ? 200 : 500);
  const notified = notifying([targetAt(receiver.url)], { clock });
  notified.start();
  notified.add('failed');
  for (let failures = 1; failures <= 9; failures += 1) {
    await expect.poll(() => notified.outbox.head(receiver.url, 'acme')?.failures).toBe(failures);
    clock.aheadMs = 365 * 24 * 3_600_000;
    isBack = failures === 9;
    await clock.advance(5000 * 2 ** (failures - 1));
  }
  await allAccepted(notified, receiver);
  expect(notified.outbox.history(receiver.url).givenUp).toBe(0);
});

test('the end waits for nothing in a hurry', async () => {
  const receiver = await startReceiver();
  receiver.answer = () => HANG;
  const notified = notifying([targetAt(receiver.url)]);
  const notifier = notified.start();
  notified.add('ready');
  await receiver.count(1);
  const hurry = new AbortController();
  const closed = notifier.close(5000, hurry.signal);
  hurry.abort();
  await closed;
  expect(notified.outbox.head(receiver.url, 'acme')).toMatchObject({ failures: 0 });
});

test('a receiver that hangs holds up neither other receivers nor the server', async () => {
  const [hanging, other] = [await startReceiver(), await startReceiver()];
  hanging.answer = () => HANG;
  const notified = notifying([targetAt(hanging.url), targetAt(other.url)]);
  notified.start();
  for (let index = 0; index < 20; index += 1) notified.add('ready', `api:t${index}`);
  await allAccepted(notified, other);
  await hanging.count(4);
  expect(hanging.received).toHaveLength(4);
  expect(notified.outbox.history(hanging.url).pending).toBe(20);
});

test('a receiver that hangs for one tenant gets the messages of others meanwhile', async () => {
  const receiver = await startReceiver();
  receiver.answer = ({ event }) => (event.instance === 'api:acme' ? HANG : 200);
  const notified = notifying([targetAt(receiver.url)]);
  notified.start();
  notified.add('ready', 'api:acme');
  for (let index = 0; index < 20; index += 1) notified.add('ready', `api:t${index}`);
  await expect.poll(() => notified.outbox.history(receiver.url).pending).toBe(1);
});

test('an accepted message is not sent again while its removal cannot be written', async () => {
  const receiver = await startReceiver();
  const notified = notifying([targetAt(receiver.url)]);
  notified.start();
  receiver.answer = () => {
    notified.database.exec('PRAGMA query_only = ON');
    return 200;
  };
  notified.add('failed');
  notified.add('ready');
  await receiver.count(1);
  for (let round = 0; round < 10; round += 1) await notified.clock.advance(1000);
  expect(receiver.types).toEqual(['failed']);
  receiver.answer = () => 200;
  notified.database.exec('PRAGMA query_only = OFF');
  await expect
    .poll(async () => {
      await notified.clock.advance(100);
      return notified.outbox.history(receiver.url).pending;
    })
    .toBe(0);
  expect(receiver.types).toEqual(['failed', 'ready']);
});

test('the end gives up a removal that cannot be written, and writes nothing afterwards', async () => {
  const receiver = await startReceiver();
  const notified = notifying([targetAt(receiver.url)]);
  const notifier = notified.start();
  receiver.answer = () => {
    notified.database.exec('PRAGMA query_only = ON');
    return 200;
  };
  notified.add('failed');
  await expect.poll(() => notifier.counts()[0]?.delivered).toBe(1);
  const closed = notifier.close(5000);
  await notified.clock.advance(5000);
  await closed;
  notified.database.exec('PRAGMA query_only = OFF');
  await notified.clock.advance(3_600_000);
  expect(notified.outbox.head(receiver.url, 'acme')).toMatchObject({ seq: 1, failures: 0 });
});

test('an outbox that cannot be read is read later', async () => {
  const receiver = await startReceiver();
  const notified = notifying([targetAt(receiver.url)]);
  notified.add('failed');
  notified.database.exec('ALTER TABLE outbox RENAME TO elsewhere');
  notified.start();
  await notified.clock.advance(30_000);
  expect(receiver.received).toEqual([]);
  notified.database.exec('ALTER TABLE elsewhere RENAME TO outbox');
  await notified.clock.advance(10_000);
  await allAccepted(notified, receiver);
});

test('the next server sends what is left, when its time has come, also after the clock was set back', async () => {
  const receiver = await startReceiver();
  receiver.answer = () => 500;
  const first = notifying([targetAt(receiver.url)]);
  const notifier = first.start();
  first.add('failed');
  await receiver.count(1);
  await expect.poll(async () => (await notifier.list())[0]?.nextTryAt).not.toBeNull();
  first.database.exec('UPDATE outbox SET next_try_at_ms = 1000000000000000');
  await notifier.close(0);
  receiver.answer = () => 200;
  const { database, clock } = first;
  const second = notifying([targetAt(receiver.url)], { database, clock });
  second.start();
  second.add('ready');
  await clock.advance(3_599_999);
  expect(receiver.types).toEqual(['failed']);
  await clock.advance(1);
  await allAccepted(second, receiver);
  expect(receiver.types).toEqual(['failed', 'failed', 'ready']);
});

test('an outbox that is full drops the oldest messages of its receiver, and says so once an hour', async () => {
  const [dead, other] = [await startReceiver(), await startReceiver()];
  dead.answer = () => 500;
  const notified = notifying([targetAt(dead.url), targetAt(other.url)], { maxPending: 10 });
  const notifier = notified.start();
  const addTo = async (last: number) => {
    for (let index = dead.received.length + 1; index <= last; index += 1) {
      notified.add('ready', `api:t${index}`);
      await allAccepted(notified, other);
      await dead.count(index);
    }
    await notified.clock.advance(0);
  };
  await addTo(15);
  await addTo(25);
  expect(await notifier.list()).toMatchObject([
    { pending: 10, dropped: 15 },
    { pending: 0, dropped: 0 },
  ]);
  const { origin } = new URL(dead.url);
  const said = () => notified.events.list({ type: 'notify-dropped' }).map(({ data }) => data);
  expect(said()).toEqual([{ receiver: origin, count: 5 }]);
  expect(other.types).not.toContain('notify-dropped');
  dead.answer = () => 200;
  await notified.clock.advance(3_600_000);
  await allAccepted(notified, dead);
  const accepted = dead.received.slice(25).map(({ event }) => event.instance);
  expect(accepted.toSorted()).toEqual(Array.from({ length: 10 }, (_, index) => `api:t${16 + index}`));
  expect(said()).toEqual([
    { receiver: origin, count: 5 },
    { receiver: origin, count: 10 },
  ]);
});

test('a changed target is tried at once; what is under way goes on', async () => {
  const receiver = await startReceiver();
  const target = targetAt(receiver.url, { allowPrivate: false });
  const notified = notifying([target]);
  const notifier = notified.start();
  notified.add('failed');
  await expect.poll(async () => (await notifier.list())[0]?.lastFailure).toMatch(/allow_private = true/);
  notified.outbox.follow([targetAt(receiver.url)]);
  notifier.apply([targetAt(receiver.url)]);
  await allAccepted(notified, receiver);
  expect(receiver.types).toEqual(['failed']);
});

test('a removed target gets nothing more, and its messages go', async () => {
  const [receiver, other] = [await startReceiver(), await startReceiver()];
  receiver.answer = () => HANG;
  const notified = notifying([targetAt(receiver.url), targetAt(other.url)]);
  const notifier = notified.start();
  for (let index = 0; index < 3; index += 1) notified.add('ready');
  await receiver.count(1);
  notified.outbox.follow([targetAt(other.url)]);
  notified.outbox.removeOthers();
  notifier.apply([targetAt(other.url)]);
  notified.add('slept');
  await allAccepted(notified, other);
  expect(other.types).toEqual(['ready', 'ready', 'ready', 'slept']);
  expect(receiver.received).toHaveLength(1);
  expect(await notifier.list()).toHaveLength(1);
  expect(notified.database.prepare('SELECT target FROM outbox_targets').all()).toEqual([{ target: other.url }]);
});

test('the end waits for an answer, and keeps what has none', async () => {
  const receiver = await startReceiver();
  let answer = () => {};
  receiver.answer =
    ({ event }) =>
    (response) => {
      if (event.instance === 'api:acme') answer = () => response.end();
    };
  const notified = notifying([targetAt(receiver.url)]);
  const notifier = notified.start();
  notified.add('ready', 'api:acme');
  notified.add('ready', 'api:globex');
  await receiver.count(2);
  const closed = notifier.close(5000);
  answer();
  await expect.poll(() => notified.outbox.history(receiver.url).pending).toBe(1);
  await notified.clock.advance(5000);
  await closed;
  expect(notified.outbox.head(receiver.url, 'globex')).toMatchObject({ seq: 2, failures: 0 });
});

test('a test message goes to one receiver or to all, past the outbox, and shows each answer', async () => {
  const [receiver, other] = [await startReceiver(), await startReceiver()];
  receiver.answer = () => (response) => response.writeHead(200).end('hello');
  other.answer = () => 404;
  const notified = notifying([targetAt(receiver.url), targetAt(other.url)]);
  const notifier = notified.start();
  expect(await notifier.test(receiver.url, CLI)).toEqual([
    { url: receiver.url, ok: true, status: 200, answer: 'hello', failure: null, durationMs: expect.any(Number) },
  ]);
  expect((await notifier.test(undefined, CLI)).map(({ ok }) => ok)).toEqual([true, false]);
  expect(receiver.types).toEqual(['test', 'test']);
  expect(receiver.received[0]?.headers['webhook-id']).toMatch(/^test_/);
  expect(await notifier.list()).toMatchObject([{ pending: 0, lastSuccessAt: null }, { lastFailureAt: null }]);
  expect(() => notifier.test('https://elsewhere.example.com/', CLI)).toThrow(
    expect.objectContaining({ code: 'unknown_receiver' }),
  );
});

test('counts are kept for the receivers of one origin together', async () => {
  const receiver = await startReceiver();
  receiver.answer = ({ event }) => (event.instance === null ? 500 : 200);
  const notified = notifying([targetAt(receiver.url), targetAt(`${receiver.url}?second`)]);
  const notifier = notified.start();
  notified.add('ready');
  notified.add('reloaded', null);
  const { origin } = new URL(receiver.url);
  await expect.poll(() => notifier.counts()).toEqual([{ receiver: origin, pending: 2, delivered: 2, failed: 2 }]);
});
