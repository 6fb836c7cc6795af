import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TokenBucket } from '../../../src/core/admission/token-bucket.ts';
import { periodAt } from '../../../src/core/quota/period.ts';
import { allowanceOf, MemoryLedger, perHour, Times } from './support.ts';
import { WorkerModel } from './worker-model.ts';

/** Its hundredth, which is reserved at a time, suffices to lend to each worker. */
const LIMIT = 2000;
const RATE = { requests: 50, perS: 1, burst: 40 };
const MAX_CONNECTIONS = 12;
const WORKERS = 3;

type Step = readonly [what: string, worker: number, amount: number];

const step = (names: readonly string[]): fc.Arbitrary<Step> =>
  fc.tuple(fc.constantFrom(...names), fc.nat({ max: WORKERS - 1 }), fc.nat({ max: 1000 }));

const TRAFFIC = [
  ...['request', 'request', 'request', 'request', 'readByServer', 'readByServer', 'readByServer'],
  ...['readByWorker', 'readByWorker', 'end', 'end', 'report', 'giveBack', 'flush'],
];

/** Forwarded requests of each hour, by what the clock says. */
class Forwarded {
  readonly byHour = new Map<number, number>();

  private readonly times: Times;

  constructor(times: Times) {
    this.times = times;
  }

  add(): void {
    const { startMs } = periodAt('hour', this.times.nowMs);
    this.byHour.set(startMs, (this.byHour.get(startMs) ?? 0) + 1);
  }

  get most(): number {
    return Math.max(0, ...this.byHour.values());
  }
}

/** Sends requests to all workers, while messages arrive. */
async function rush(model: WorkerModel, worker: number, requests: number): Promise<void> {
  for (let count = worker; count < worker + requests; count += 1) {
    model.request(count);
    await model.readByServer(count);
    if (count % 3 > 0) model.readByWorker(count);
  }
}

it('workers never forward more than a quota, whatever is killed, delayed or set back', async () => {
  const rushes = Array.from({ length: 12 }, () => 'rush');
  const steps = fc.array(step([...TRAFFIC, ...rushes, 'kill', 'crash', 'clock', 'wait']), {
    minLength: 30,
    maxLength: 150,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const times = new Times();
      const ledger = new MemoryLedger();
      const forwarded = new Forwarded(times);
      const begin = () => {
        const allowance = allowanceOf({ quotas: [perHour(LIMIT)] }, ledger, times);
        return new WorkerModel({
          allowance,
          workers: WORKERS,
          nowMs: () => times.nowMs,
          onForwarded: () => forwarded.add(),
        });
      };
      let model = begin();
      for (const [what, worker, amount] of all) {
        if (what === 'crash') {
          // What waits to be written is lost.
          ledger.waiting.clear();
          model = begin();
        } else if (what === 'clock') times.nowMs += (amount - 500) * 10_000;
        else if (what === 'wait') times.pass(amount * 10);
        else if (what === 'flush') ledger.flush();
        else if (what === 'rush') await rush(model, worker, amount);
        else await model[what as 'readByServer'](worker);
        expect(forwarded.most).toBeLessThanOrEqual(LIMIT);
      }
    }),
    { numRuns: 100 },
  );
});

it('workers forward exactly a quota when nothing is killed', async () => {
  const steps = fc.array(step(TRAFFIC), { maxLength: 400 });
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const times = new Times();
      const ledger = new MemoryLedger();
      const forwarded = new Forwarded(times);
      const allowance = allowanceOf({ quotas: [perHour(LIMIT)] }, ledger, times);
      const model = new WorkerModel({
        allowance,
        workers: WORKERS,
        nowMs: () => times.nowMs,
        onForwarded: () => forwarded.add(),
      });
      for (const [what, worker] of all) {
        if (what === 'flush') ledger.flush();
        else await model[what as 'readByServer'](worker);
      }
      for (let worker = 0; model.refused < 10; worker += 1) {
        model.request(worker);
        if (worker % 7 === 0) await model.quiesce();
      }
      expect(forwarded.most).toBe(LIMIT);
      expect(allowance.quotas[0]?.count).toBeLessThanOrEqual(LIMIT);
    }),
    { numRuns: 100 },
  );
});

it('workers together never exceed a rate with its burst', async () => {
  const steps = fc.array(step([...TRAFFIC, ...TRAFFIC, 'kill', 'wait', 'wait']), { minLength: 200, maxLength: 1500 });
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const times = new Times();
      const bucket = new TokenBucket(RATE.requests / RATE.perS, RATE.burst + 1e-6, 0);
      const model = new WorkerModel({
        allowance: allowanceOf({ rate: RATE }, new MemoryLedger(), times),
        workers: WORKERS,
        nowMs: () => times.nowMs,
        onForwarded: () => expect(bucket.tryTake(1, times.steadyMs)).toBe(true),
      });
      for (const [what, worker, amount] of all) {
        if (what === 'wait') times.pass(amount);
        else if (what === 'request') for (let count = 0; count <= amount / 20; count += 1) model.request(worker);
        else if (what !== 'flush') await model[what as 'readByServer'](worker);
      }
    }),
    { numRuns: 100 },
  );
});

it('workers together never have more requests open than allowed, and all of them when all are asked for', async () => {
  const steps = fc.array(step([...TRAFFIC, 'kill']), { minLength: 100, maxLength: 800 });
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const times = new Times();
      let most = 0;
      const model: WorkerModel = new WorkerModel({
        allowance: allowanceOf({ maxConnections: MAX_CONNECTIONS }, new MemoryLedger(), times),
        workers: WORKERS,
        nowMs: () => times.nowMs,
        onForwarded: () => {
          most = Math.max(most, model.open);
        },
      });
      for (const [what, worker, amount] of all) {
        if (what === 'request') for (let count = 0; count <= amount / 200; count += 1) model.request(worker);
        else if (what !== 'flush') await model[what as 'readByServer'](worker);
      }
      await model.quiesce();
      for (let worker = 0; worker < 2 * MAX_CONNECTIONS; worker += 1) {
        model.request(worker);
        await model.quiesce();
      }
      expect(most).toBeLessThanOrEqual(MAX_CONNECTIONS);
      expect(model.open).toBe(MAX_CONNECTIONS);
    }),
    { numRuns: 100 },
  );
});
