import { expect, test } from 'vitest';
import { ABILITIES } from '../../../src/core/access/ability.ts';
import { type Actor, CLI, SYSTEM, tokenActor } from '../../../src/core/access/actor.ts';
import { visibleEvent } from '../../../src/core/access/event-view.ts';
import { parseScope } from '../../../src/core/access/scope.ts';
import { type NewEvent, numbered } from '../../../src/core/stores/event-log.ts';

const OWN = tokenActor({ id: 'a1', name: 'acme-panel' }, '192.0.2.1');
const OTHER = tokenActor({ id: 'b2', name: 'anna' }, '198.51.100.7');

function seen(by: Actor, scope: string, event: Partial<NewEvent> = {}) {
  const made = numbered(1, { atMs: 0, type: 'stopped', instance: 'api:acme', message: '', data: {}, by, ...event });
  return visibleEvent(made, OWN, { scope: parseScope(scope), can: ABILITIES });
}

test('an admin sees who made a change, and from where', () => {
  expect(seen(OTHER, 'admin')).toMatchObject({ actor: 'anna', tokenId: 'b2', address: '198.51.100.7' });
});

test('another scope sees its own token, and that some other token made a change', () => {
  expect(seen(OWN, 'tenant:acme')).toMatchObject({ actor: 'acme-panel', tokenId: 'a1', address: '192.0.2.1' });
  expect(seen(OTHER, 'tenant:acme')).toMatchObject({ actor: 'token', tokenId: null, address: null });
  expect(seen(CLI, 'service:api')).toMatchObject({ actor: 'cli', address: null });
});

test('a tenant is not told how many others a halted rollout has left', () => {
  const halted = { type: 'rollout-halted', message: '3 others wait', data: { service: 'api', waiting: 3 } } as const;
  expect(JSON.stringify(seen(SYSTEM, 'tenant:acme', halted))).not.toMatch(/3|waiting/);
  expect(seen(SYSTEM, 'service:api', halted).data).toEqual({ service: 'api', waiting: 3 });
});
