import { expect, it } from 'vitest';
import { withoutSessions } from '../../../src/core/routing/session-cookies.ts';

it.each([
  ['tenement_session_8000=x', null],
  ['__Host-tenement_session_8000=x', null],
  ['a=1; tenement_session_8000=x; b=2', 'a=1; b=2'],
  ['tenement_session_8000=x; tenement_session_8001=y; a=1', 'a=1'],
  ['TENEMENT_SESSION_8000=x', null],
  ['a=tenement_session_8000', 'a=tenement_session_8000'],
  ['my_tenement_session_8000=x', 'my_tenement_session_8000=x'],
  ['a=1', 'a=1'],
])('of %s a tenant gets %s', (value, expected) => {
  expect(withoutSessions(value)).toBe(expected);
});
