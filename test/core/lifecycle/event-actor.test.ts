import { expect, test } from 'vitest';
import { CLI, CONFIG, REQUEST, SYSTEM } from '../../../src/core/access/actor.ts';
import { actorOf } from '../../../src/core/lifecycle/event-actor.ts';
import type { LifecycleEvent } from '../../../src/core/lifecycle/lifecycle-events.ts';

test.each<[LifecycleEvent, unknown]>([
  [{ type: 'stop', by: CLI }, CLI],
  [{ type: 'restart', by: CONFIG }, CONFIG],
  [{ type: 'wake' }, REQUEST],
  [{ type: 'wake', by: CLI }, CLI],
  [{ type: 'sleep', isIdle: true }, SYSTEM],
  [{ type: 'stop', overStorage: true }, SYSTEM],
  [{ type: 'renewed' }, CONFIG],
  [{ type: 'exited', code: 1 }, SYSTEM],
  [{ type: 'retry' }, SYSTEM],
])('the change that %j begins has its own actor', (event, actor) => {
  expect(actorOf(REQUEST, event)).toBe(event.type === 'wake' && event.by === undefined ? REQUEST : actor);
  expect(actorOf(CLI, event)).toBe(actor);
});

test.each<LifecycleEvent>([
  { type: 'ready' },
  { type: 'drained', isQuiet: true },
  { type: 'ended' },
  { type: 'abandoned' },
])('$type continues the change of whoever began it', (event) => {
  expect(actorOf(CLI, event)).toBe(CLI);
});
