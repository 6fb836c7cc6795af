import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../src/core/admission/serving.ts';
import { SecondTries } from '../../../src/supervisor/admission/second-tries.ts';
import { granted, here, ready, settle, type World, world } from '../fakes.ts';

const WINDOW_MS = 300_000;
const policy = (maxExcused = 3) => new SecondTries(() => ({ windowMs: WINDOW_MS, maxExcused }));
const lease = (generation: number) => ({ generation }) as Lease;
const page = { request: 'GET /page', generation: 1 };

describe('the crash of a request that was sent again', () => {
  it('does not count, whether the end of the connection or of the process is noticed first', () => {
    for (const isBrokenOff of [true, false]) {
      const tries = policy();
      const second = lease(2);
      tries.begin(second, page);
      if (isBrokenOff) tries.end(second, 'broke-off', 1000);
      expect(tries.crashed(1500)).toBe(true);
      expect(tries.crashed(1500)).toBe(false);
    }
  });

  it('counts when the request had been answered, or its connection broke off long before', () => {
    const tries = policy();
    const answered = lease(2);
    tries.begin(answered, page);
    tries.end(answered, 'answered', 1000);
    expect(tries.crashed(1000)).toBe(false);
    const closed = lease(2);
    tries.begin(closed, page);
    tries.end(closed, 'broke-off', 1000);
    expect(tries.crashed(3000)).toBe(false);
  });

  it('counts from the fourth in the window on, so that a crash loop has an end', () => {
    const tries = policy(3);
    const crash = (nowMs: number) => {
      tries.begin(lease(2), page);
      return tries.crashed(nowMs);
    };
    expect([1, 2, 3, 4].map(crash)).toEqual([true, true, true, false]);
    expect(crash(WINDOW_MS + 2)).toBe(true);
  });
});

describe('a request that was in flight at two crashes', () => {
  it('is not sent again until the window has passed, whichever client sends it', () => {
    const tries = policy();
    tries.begin(lease(2), page);
    tries.crashed(1000);
    expect(tries.allows({ ...page, generation: 3 }, 1000 + WINDOW_MS - 1)).toBe(false);
    expect(tries.allows({ ...page, generation: 3 }, 1000 + WINDOW_MS)).toBe(true);
    expect(tries.allows({ request: 'GET /other', generation: 3 }, 1000)).toBe(true);
  });

  it('does not include a request whose first process only closed its connection', () => {
    const tries = policy();
    tries.begin(lease(1), page);
    tries.crashed(1000);
    expect(tries.allows(page, 1000)).toBe(true);
  });
});

describe('an instance', () => {
  /** A client that requests a page which crashes the process; returns how often it did. */
  async function view(made: World): Promise<number> {
    const before = made.processes.length;
    const first = granted(await claimed(made));
    await crash(made, first);
    const again = made.supervisor.claim('api:acme', here(), { request: 'GET /bad', generation: first.generation });
    await backUp(made);
    const second = await again;
    if ('refused' in second) return made.processes.length - before;
    await crash(made, second);
    await backUp(made);
    return made.processes.length - before;
  }

  const claimed = (made: World) => made.supervisor.claim('api:acme', here());

  async function crash(made: World, on: Lease): Promise<void> {
    made.processes.at(-1)?.exit(1);
    await settle();
    on.release('broke-off');
    await settle();
  }

  async function backUp(made: World): Promise<void> {
    await made.clock.advance(60_000);
    made.processes.at(-1)?.becomeReady();
    await settle();
  }

  it('keeps serving when a crashing page was viewed twice (bug: it failed for everybody for restart_window)', async () => {
    const made = world({ idleTimeoutMs: 0, startupTimeoutMs: 120_000 }, { backoffMaxMs: 1000 });
    await ready(made);
    expect(await view(made)).toBe(2);
    expect(made.supervisor.get('api:acme').state).toBe('ready');
    expect(await view(made)).toBe(1);
    expect(made.supervisor.get('api:acme').state).toBe('ready');
    expect(made.saved.get('api:acme')?.crashes.crashesMs).toHaveLength(2);
  });

  it('with retry = false sends nothing again', async () => {
    const made = world({ retry: false });
    await ready(made);
    const first = granted(await claimed(made));
    await crash(made, first);
    const again = made.supervisor.claim('api:acme', here(), { request: 'GET /', generation: first.generation });
    expect(await again).toEqual({ refused: 'upstream_failed', retryAfterS: null });
  });
});
