import { expect, it } from 'vitest';
import { type KeyState, pressed } from '../../../src/dashboard/model/keys.ts';

/** What the last of the keys does, pressed one after the other in an interval. */
function after(keys: readonly string[], intervalMs = 200) {
  let state: KeyState = null;
  let action = null;
  keys.forEach((key, index) => {
    ({ state, action } = pressed(state, key, index * intervalMs));
  });
  return action;
}

it('goes to a screen by two keys', () => {
  expect(after(['g', 't'])).toEqual({ kind: 'go', path: '#/tenants' });
  expect(after(['g', 'o'])).toEqual({ kind: 'go', path: '#/' });
  expect(after(['g', 'g'])).toEqual({ kind: 'first' });
});

it('forgets the first key when the second comes late', () => {
  expect(after(['g', 'i'], 2000)).toBeNull();
  expect(after(['g', 'j'], 2000)).toEqual({ kind: 'next' });
});

it('knows single keys and tabs by number', () => {
  expect(after(['j'])).toEqual({ kind: 'next' });
  expect(after(['/'])).toEqual({ kind: 'search' });
  expect(after(['3'])).toEqual({ kind: 'tab', index: 2 });
});

it('does nothing for other keys, also for names of what every object has', () => {
  expect(after(['x'])).toBeNull();
  expect(after(['constructor'])).toBeNull();
  expect(after(['g', 'toString'])).toBeNull();
});
