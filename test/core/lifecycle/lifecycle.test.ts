import { describe, expect, it } from 'vitest';
import { STATES, type State } from '../../../src/core/lifecycle/instance.ts';
import { newLifecycle, step } from '../../../src/core/lifecycle/lifecycle.ts';
import type { FollowUp, Lifecycle, LifecycleEvent } from '../../../src/core/lifecycle/lifecycle-events.ts';
import type { LifecyclePolicy } from '../../../src/core/lifecycle/lifecycle-policy.ts';

const NOW = { nowMs: 1_000_000, random: 0 };
const BACKOFF = { baseMs: 1000, maxMs: 60_000, maxRestarts: 3, windowMs: 300_000 };
const policy = (restart: LifecyclePolicy['restart'] = 'on-failure'): LifecyclePolicy => ({
  restart,
  idleAction: 'stop',
  backoff: BACKOFF,
});

function at(state: State, over: Partial<Lifecycle> = {}): Lifecycle {
  return { ...newLifecycle(state === 'stopped' ? 'stopped' : 'up'), state, ...over };
}

function run(lifecycle: Lifecycle, event: LifecycleEvent, restart?: LifecyclePolicy['restart']) {
  const { next, effects } = step(lifecycle, event, policy(restart), NOW);
  const did = effects.map((effect) => (effect.do === 'blame' ? `blame ${effect.reason}` : effect.do)).join(', ');
  return { ...next, did };
}

const EVENTS: Record<string, LifecycleEvent> = {
  start: { type: 'start' },
  wake: { type: 'wake' },
  sleep: { type: 'sleep' },
  evict: { type: 'evict' },
  stop: { type: 'stop' },
  restart: { type: 'restart' },
  halt: { type: 'halt' },
  unhalt: { type: 'unhalt' },
  hold: { type: 'hold' },
  unhold: { type: 'unhold' },
  'await-hooks': { type: 'await-hooks' },
  'hooks-done': { type: 'hooks-done' },
  remove: { type: 'remove' },
  close: { type: 'close' },
  ready: { type: 'ready' },
  'launch-failed': { type: 'launch-failed' },
  'no-room': { type: 'no-room' },
  'startup-timeout': { type: 'startup-timeout' },
  unhealthy: { type: 'unhealthy' },
  'over-memory': { type: 'over-memory' },
  'exit 0': { type: 'exited', code: 0 },
  'exit 1': { type: 'exited', code: 1 },
  drained: { type: 'drained', isQuiet: true },
  'drained by time': { type: 'drained', isQuiet: false },
  ended: { type: 'ended' },
  retry: { type: 'retry' },
  unfit: { type: 'unfit' },
  abandoned: { type: 'abandoned' },
  adopt: { type: 'adopt', suspended: false },
  'adopt frozen': { type: 'adopt', suspended: true },
  clear: { type: 'clear', next: 'asleep' },
  'resume-wait': { type: 'resume-wait', state: 'failed', atMs: 5 },
};

/** What a server finds of its predecessor, in the states without a process. */
const FOUND = {
  adopt: 'starting: adopt',
  'adopt frozen': 'suspended: adopt, suspend',
  clear: 'stopping to asleep: adopt, terminate',
  'resume-wait': 'failed: schedule-retry',
};

/** The events have the same effects in `backoff` and in `failed`. */
const CRASHED = {
  ...FOUND,
  start: 'starting: launch',
  restart: 'starting: launch',
  retry: 'starting: launch',
  sleep: 'asleep',
  stop: 'stopped',
  halt: 'stopped',
  remove: 'over',
  close: 'over',
};

/** State → event → "state" or "state: effects"; an event that is not listed changes nothing. */
const TABLE: Record<State, Record<string, string>> = {
  asleep: {
    ...FOUND,
    start: 'starting: launch',
    wake: 'starting: launch',
    restart: 'starting: launch',
    stop: 'stopped',
    halt: 'stopped',
    remove: 'over',
    close: 'over',
  },
  stopped: { ...FOUND, start: 'starting: launch', restart: 'starting: launch', remove: 'over', close: 'over' },
  backoff: CRASHED,
  failed: CRASHED,
  starting: {
    ready: 'ready',
    unfit: 'stopping to crash: blame start_failed, terminate',
    abandoned: 'stopping to asleep: terminate',
    'no-room': 'asleep',
    sleep: 'stopping to asleep: blame stopped, terminate',
    stop: 'stopping to stopped: blame stopped, terminate',
    restart: 'stopping to start: blame stopped, terminate',
    halt: 'stopping to halted: blame stopped, terminate',
    hold: 'stopping to start: blame stopped, terminate',
    remove: 'stopping to removed: blame stopped, terminate',
    close: 'stopping to closed: blame stopped, terminate',
    'launch-failed': 'stopping to crash: blame spawn_failed, terminate',
    'startup-timeout': 'stopping to crash: blame startup_timeout, terminate',
    unhealthy: 'stopping to crash: blame unhealthy, terminate',
    'over-memory': 'stopping to crash: blame oom, terminate',
    'exit 0': 'stopping to crash: terminate',
    'exit 1': 'stopping to crash: terminate',
  },
  ready: {
    sleep: 'draining to asleep: drain',
    evict: 'draining to asleep: drain',
    unfit: 'stopping to crash: blame start_failed, terminate',
    stop: 'draining to stopped: drain',
    restart: 'draining to start: drain',
    halt: 'draining to halted: drain',
    hold: 'draining to start: drain',
    remove: 'draining to removed: drain',
    close: 'draining to closed: drain',
    'launch-failed': 'stopping to crash: blame spawn_failed, terminate',
    unhealthy: 'stopping to crash: blame unhealthy, terminate',
    'over-memory': 'stopping to crash: blame oom, terminate',
    'exit 0': 'stopping to asleep: terminate',
    'exit 1': 'stopping to crash: terminate',
  },
  suspended: {
    start: 'ready: resume',
    wake: 'ready: resume',
    restart: 'stopping to start: blame stopped, terminate',
    evict: 'stopping to asleep: blame stopped, terminate',
    stop: 'stopping to stopped: blame stopped, terminate',
    halt: 'stopping to halted: blame stopped, terminate',
    hold: 'stopping to asleep: blame stopped, terminate',
    remove: 'stopping to removed: blame stopped, terminate',
    close: 'stopping to closed: blame stopped, terminate',
    'exit 0': 'stopping to asleep: terminate',
    'exit 1': 'stopping to asleep: terminate',
    'over-memory': 'stopping to asleep: blame oom, terminate',
  },
  draining: {
    start: 'draining to start',
    wake: 'draining to wake',
    restart: 'draining to start',
    halt: 'draining to halted',
    stop: 'draining to stopped',
    remove: 'draining to removed',
    close: 'draining to closed',
    drained: 'stopping to asleep: blame stopped, terminate',
    'drained by time': 'stopping to asleep: blame stopped, terminate',
    'exit 0': 'stopping to asleep: blame stopped, terminate',
    'exit 1': 'stopping to asleep: blame stopped, terminate',
    'over-memory': 'stopping to asleep: blame oom, terminate',
  },
  stopping: {
    start: 'stopping to start',
    wake: 'stopping to wake',
    restart: 'stopping to start',
    halt: 'stopping to halted',
    stop: 'stopping to stopped',
    remove: 'stopping to removed',
    close: 'stopping to closed',
    ended: 'asleep',
  },
};

function shown(result: ReturnType<typeof run>): string {
  if (result.over) return 'over';
  const leaving = result.state === 'draining' || result.state === 'stopping';
  const state = leaving ? `${result.state} to ${result.next}` : result.state;
  return result.did === '' ? state : `${state}: ${result.did}`;
}

describe('every event in every state', () => {
  for (const state of STATES) {
    for (const [name, event] of Object.entries(EVENTS)) {
      const expected = TABLE[state][name];
      it(`${state} + ${name} → ${expected ?? 'nothing'}`, () => {
        const before = at(state);
        const result = run(before, event);
        const unchanged = state === 'draining' || state === 'stopping' ? `${state} to asleep` : state;
        expect(shown(result)).toBe(expected ?? unchanged);
      });
    }
  }
});

describe('a service that suspends', () => {
  const suspending: LifecyclePolicy = { ...policy(), idleAction: 'suspend' };
  const through = (lifecycle: Lifecycle, ...events: readonly LifecycleEvent[]) =>
    events.reduce((now, event) => step(now, event, suspending, NOW).next, lifecycle);

  it('drains an instance that is put to sleep, then freezes it', () => {
    const draining = through(at('ready'), { type: 'sleep' });
    expect(draining).toMatchObject({ state: 'draining', next: 'suspended', desired: 'asleep' });
    const { next, effects } = step(draining, { type: 'drained', isQuiet: true }, suspending, NOW);
    expect([next.state, effects]).toEqual(['suspended', [{ do: 'suspend' }]]);
  });

  it('ends an instance with a waiting client when the drain timeout has passed', () => {
    const ending = through(at('ready'), { type: 'sleep' }, { type: 'drained', isQuiet: false });
    expect(ending).toMatchObject({ state: 'stopping', next: 'asleep' });
  });

  it('keeps an instance running that is wanted before it is frozen', () => {
    const { next, effects } = step(through(at('ready'), { type: 'sleep' }), { type: 'wake' }, suspending, NOW);
    expect([next.state, next.desired, effects]).toEqual(['ready', 'up', [{ do: 'resume' }]]);
  });

  it('ends an instance that is evicted, or that is still starting', () => {
    expect(through(at('ready'), { type: 'evict' })).toMatchObject({ state: 'draining', next: 'asleep' });
    expect(through(at('ready'), { type: 'sleep' }, { type: 'evict' })).toMatchObject({ next: 'asleep' });
    expect(through(at('starting'), { type: 'sleep' })).toMatchObject({ state: 'stopping', next: 'asleep' });
  });

  it('puts an instance to sleep whose process ended during the drain', () => {
    const ended = through(at('ready'), { type: 'sleep' }, { type: 'exited', code: 0 }, { type: 'ended' });
    expect(ended).toMatchObject({ state: 'asleep', desired: 'asleep' });
  });

  it('stops an instance for good whenever an operator says so', () => {
    for (const before of [at('suspended'), through(at('ready'), { type: 'sleep' })]) {
      const stopping = through(before, { type: 'stop' });
      const drained = through(stopping, { type: 'drained', isQuiet: true });
      expect(through(drained, { type: 'ended' })).toMatchObject({ state: 'stopped', desired: 'stopped' });
    }
  });
});

describe('what follows the end of a process', () => {
  const after: [FollowUp, string][] = [
    ['asleep', 'asleep'],
    ['stopped', 'stopped'],
    ['start', 'starting: launch'],
    ['crash', 'backoff: schedule-retry'],
    ['removed', 'over'],
    ['closed', 'over'],
  ];
  it.each(after)('%s → %s', (next, expected) => {
    expect(shown(run(at('stopping', { next }), { type: 'ended' }))).toBe(expected);
  });
});

describe('an instance whose tenant may not run', () => {
  const stopped = run(at('asleep', { desired: 'up' }), { type: 'halt' });

  it('is stopped, and keeps the state that was desired of it', () => {
    expect(stopped).toMatchObject({ state: 'stopped', desired: 'up' });
    expect(run(at('stopping', { next: 'halted' }), { type: 'ended' })).toMatchObject({
      state: 'stopped',
      desired: 'up',
    });
  });

  it.each(['start', 'wake', 'restart', 'sleep', 'retry'])('is not started by %s', (name) => {
    const event = EVENTS[name] ?? { type: 'wake' };
    expect(run(stopped, event)).toMatchObject({ state: 'stopped', did: '' });
    expect(run(at('stopping', { next: 'halted' }), event).next).toBe('halted');
  });

  it('sleeps when its tenant may run again, unless an operator has stopped it meanwhile', () => {
    expect(run(stopped, { type: 'unhalt' })).toMatchObject({ state: 'asleep', desired: 'up' });
    expect(run(at('stopping', { next: 'halted' }), { type: 'unhalt' }).next).toBe('asleep');
    const byOperator = run(stopped, { type: 'stop' });
    expect(run(byOperator, { type: 'unhalt' })).toMatchObject({ state: 'stopped', desired: 'stopped' });
  });
});

describe('an instance whose tenant is held', () => {
  const through = (lifecycle: Lifecycle, ...events: readonly LifecycleEvent[]) =>
    events.reduce((now, event) => step(now, event, policy(), NOW).next, lifecycle);
  const drained: LifecycleEvent = { type: 'drained', isQuiet: true };
  const ended: LifecycleEvent = { type: 'ended' };
  const hold: LifecycleEvent = { type: 'hold' };
  const unhold: LifecycleEvent = { type: 'unhold' };
  const HELD = through(at('ready'), hold, drained, ended);

  it('ends when it has drained, keeps what was desired of it, and starts again afterwards', () => {
    expect(HELD).toMatchObject({ state: 'asleep', desired: 'up', hold: 'wanted' });
    expect(run(HELD, unhold)).toMatchObject({ state: 'starting', hold: 'none', did: 'launch' });
  });

  it.each(['start', 'wake', 'restart', 'retry', 'renewed'])('is not started by %s before', (name) => {
    const event = EVENTS[name] ?? { type: 'renewed' };
    for (const before of [HELD, through(at('asleep'), hold), through(at('backoff'), hold), through(at('failed'), hold)])
      expect(run(before, event).did).toBe('');
  });

  it.each(['asleep', 'suspended'] as const)('rests afterwards if it was %s', (state) => {
    const resting = through(at(state, { desired: 'asleep' }), hold, ended);
    expect(run(resting, unhold)).toMatchObject({ state: 'asleep', hold: 'none', did: '' });
  });

  it('starts afterwards if an operator asked for that meanwhile', () => {
    const asked = through(at('asleep', { desired: 'asleep' }), hold, { type: 'start' });
    expect(run(asked, unhold)).toMatchObject({ state: 'starting', did: 'launch' });
  });

  it.each(['stop', 'sleep'])('does not start afterwards if an operator asked for %s meanwhile', (name) => {
    for (const when of [[hold], [hold, drained], [hold, drained, ended]]) {
      const asked = through(through(at('ready'), ...when), EVENTS[name] ?? unhold, drained, ended);
      expect(run(asked, unhold).did).toBe('');
    }
  });

  it('starts again when the hold ends before its process has', () => {
    expect(through(at('ready'), hold, unhold, drained, ended)).toMatchObject({ state: 'starting', hold: 'none' });
  });

  it('ends if it was about to be frozen', () => {
    const freezing = at('draining', { next: 'suspended', desired: 'asleep' });
    expect(through(freezing, hold, drained)).toMatchObject({ state: 'stopping', next: 'asleep' });
  });

  it('stays stopped if its tenant was closed meanwhile', () => {
    expect(through(HELD, { type: 'halt' }, unhold)).toMatchObject({ state: 'stopped', hold: 'none' });
  });
});

describe('an instance that waits for hooks', () => {
  const through = (lifecycle: Lifecycle, ...events: readonly LifecycleEvent[]) =>
    events.reduce((now, event) => step(now, event, policy(), NOW).next, lifecycle);
  const awaitHooks: LifecycleEvent = { type: 'await-hooks' };
  const done: LifecycleEvent = { type: 'hooks-done' };
  const ended: LifecycleEvent = { type: 'ended' };

  it.each(['starting', 'ready', 'suspended'] as const)('goes on if it is %s', (state) => {
    expect(run(at(state), awaitHooks)).toMatchObject({ state, hooks: 'held', did: '' });
  });

  it.each(['start', 'wake', 'restart'])('is not started by %s before, but has its hooks run', (name) => {
    const asked = run(through(at('asleep'), awaitHooks), EVENTS[name] ?? done);
    expect(asked).toMatchObject({ state: 'asleep', desired: 'up', hooks: 'wanted', did: 'provision' });
    expect(run(asked, done)).toMatchObject({ state: 'starting', hooks: 'none', did: 'launch' });
  });

  it.each(['backoff', 'failed'] as const)('is not tried again before, after %s', (state) => {
    const retried = run(through(at(state), awaitHooks), { type: 'retry' });
    expect(retried).toMatchObject({ state: 'asleep', hooks: 'wanted', did: 'provision' });
  });

  it('is not restarted before, after a crash', () => {
    const crashed = through(at('ready', { hasServed: true }), awaitHooks, { type: 'exited', code: 1 });
    expect(run(crashed, ended)).toMatchObject({ state: 'asleep', hooks: 'wanted', did: 'provision' });
  });

  it('rests afterwards if nothing asked for it', () => {
    expect(run(through(at('asleep'), awaitHooks), done)).toMatchObject({ state: 'asleep', hooks: 'none', did: '' });
    const stopped = through(at('asleep'), awaitHooks, { type: 'start' }, { type: 'stop' });
    expect(run(stopped, done)).toMatchObject({ state: 'stopped', hooks: 'none', did: '' });
  });

  it('starts when both its hooks and the hold of its tenant are over, in either order', () => {
    const both = through(at('asleep'), awaitHooks, { type: 'hold' }, { type: 'wake' });
    for (const [first, second] of [
      [done, { type: 'unhold' }],
      [{ type: 'unhold' }, done],
    ] as const) {
      const one = through(both, first);
      expect([one.state, run(one, second).did]).toEqual(['asleep', 'launch']);
    }
  });
});

describe('desired state', () => {
  it('follows the operator and the idle timeout, not crashes', () => {
    expect(run(at('ready'), { type: 'stop' }).desired).toBe('stopped');
    expect(run(at('ready'), { type: 'sleep' }).desired).toBe('asleep');
    expect(run(at('ready'), { type: 'exited', code: 1 }).desired).toBe('up');
    expect(run(at('asleep', { desired: 'asleep' }), { type: 'wake' }).desired).toBe('up');
  });

  it('stays unchanged when the server closes', () => {
    const draining = step(at('ready'), { type: 'close' }, policy(), NOW).next;
    const stopping = step(draining, { type: 'drained', isQuiet: true }, policy(), NOW).next;
    expect(step(stopping, { type: 'ended' }, policy(), NOW).next).toMatchObject({ desired: 'up', over: true });
  });

  it('is never overridden by a request while an operator stops the instance', () => {
    expect(run(at('stopping', { next: 'stopped' }), { type: 'wake' }).next).toBe('stopped');
  });

  it('takes no event once the instance is removed or closed', () => {
    expect(shown(run(at('asleep', { over: true }), { type: 'start' }))).toBe('over');
  });
});

describe('a crash', () => {
  const crashed = (over: Partial<Lifecycle>) => run(at('stopping', { next: 'crash', ...over }), { type: 'ended' });

  it('doubles the delay of the next restart within the window', () => {
    expect(crashed({ crashesMs: [] }).retryAtMs).toBe(NOW.nowMs + 1000);
    expect(crashed({ crashesMs: [NOW.nowMs - 10] }).retryAtMs).toBe(NOW.nowMs + 2000);
    expect(crashed({ crashesMs: [NOW.nowMs - 10, NOW.nowMs - 5] }).retryAtMs).toBe(NOW.nowMs + 4000);
  });

  it('restarts an instance at once that has served, the first time in the window', () => {
    expect(shown(run(at('stopping', { next: 'crash', hasServed: true }), { type: 'ended' }))).toBe('starting: launch');
    const before = at('stopping', { next: 'crash', hasServed: true, crashesMs: [NOW.nowMs - 10] });
    expect(run(before, { type: 'ended' }).retryAtMs).toBe(NOW.nowMs + 2000);
    const long = { crashesMs: [NOW.nowMs - BACKOFF.windowMs] };
    expect(crashed({ hasServed: true, ...long })).toMatchObject({ state: 'starting', crashesMs: [NOW.nowMs] });
  });

  it('counts the instance as having served only until the next launch', () => {
    const ready = run(at('starting'), { type: 'ready' });
    expect(ready.hasServed).toBe(true);
    const again = run({ ...ready, state: 'stopping', next: 'start' }, { type: 'ended' });
    expect(again).toMatchObject({ state: 'starting', hasServed: false });
  });

  it('past max_restarts fails the instance until restart_window has passed', () => {
    const times = [1, 2, 3].map((ago) => NOW.nowMs - ago);
    expect(crashed({ crashesMs: times })).toMatchObject({ state: 'failed', retryAtMs: NOW.nowMs + BACKOFF.windowMs });
  });

  it('is forgotten once it is older than the window', () => {
    const times = [1, 2, 3].map((ago) => NOW.nowMs - BACKOFF.windowMs - ago);
    expect(crashed({ crashesMs: times })).toMatchObject({ state: 'backoff', crashesMs: [NOW.nowMs] });
  });

  it('after the one try of a failed instance fails it again', () => {
    const tried = step(at('failed'), { type: 'retry' }, policy(), NOW).next;
    expect(tried.state).toBe('starting');
    expect(crashed({ probationUntilMs: tried.probationUntilMs }).state).toBe('failed');
  });

  it("is pardoned by an operator's start", () => {
    const times = [1, 2, 3].map((ago) => NOW.nowMs - ago);
    expect(run(at('failed', { crashesMs: times, probationUntilMs: 9e15 }), { type: 'start' })).toMatchObject({
      state: 'starting',
      crashesMs: [],
      probationUntilMs: 0,
    });
  });

  it('with restart = "never" leaves the instance asleep, and failed past max_restarts', () => {
    const now = at('stopping', { next: 'crash' });
    expect(run(now, { type: 'ended' }, 'never').state).toBe('asleep');
    const often = { ...now, crashesMs: [1, 2, 3].map((ago) => NOW.nowMs - ago) };
    expect(run(often, { type: 'ended' }, 'never').state).toBe('failed');
  });

  it('with restart = "always" includes exit status 0', () => {
    expect(run(at('ready'), { type: 'exited', code: 0 }, 'always').next).toBe('crash');
  });

  it('by memory over the limit kills the process without SIGTERM', () => {
    const { effects } = step(at('ready'), { type: 'over-memory' }, policy(), NOW);
    expect(effects).toContainEqual({ do: 'terminate', kill: true });
  });
});
