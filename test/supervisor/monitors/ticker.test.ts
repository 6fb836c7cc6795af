import { expect, it } from 'vitest';
import { silentLogger } from '../../../src/logger.ts';
import { Ticker } from '../../../src/supervisor/monitors/ticker.ts';
import { FakeClock, settle } from '../fakes.ts';

it('a ticker ticks once a second while needed, and again after a new request', async () => {
  const clock = new FakeClock();
  let count = 0;
  const ticker = new Ticker({ clock, logger: silentLogger() }, () => {
    count += 1;
    return count < 3;
  });
  ticker.watch();
  ticker.watch();
  await clock.advance(10_000);
  expect(count).toBe(3);
  ticker.watch();
  await clock.advance(10_000);
  expect(count).toBe(4);
  ticker.watch();
  ticker.end();
  ticker.watch();
  await clock.advance(10_000);
  expect(count).toBe(4);
});

it('an instance that starts during the last round is not forgotten', async () => {
  const clock = new FakeClock();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let count = 0;
  const ticker = new Ticker({ clock, logger: silentLogger() }, () => {
    count += 1;
    return count === 1 ? promise : false;
  });
  ticker.watch();
  await clock.advance(1000);
  ticker.watch();
  resolve(false);
  await settle();
  await clock.advance(5000);
  expect(count).toBe(2);
});

it('a round that fails is repeated', async () => {
  const clock = new FakeClock();
  let count = 0;
  const ticker = new Ticker({ clock, logger: silentLogger() }, async () => {
    count += 1;
    if (count === 1) throw new Error('no');
    return count < 3;
  });
  ticker.watch();
  await clock.advance(10_000);
  expect(count).toBe(3);
});
