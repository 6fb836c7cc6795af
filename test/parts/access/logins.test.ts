import { expect, test } from 'vitest';
import { EVERYTHING } from '../../../src/core/access/permission.ts';
import { Logins } from '../../../src/parts/access/logins.ts';
import { FakeTokenStore } from '../../api/fake-tokens.ts';
import { FakeClock } from '../../supervisor/fakes.ts';

const CLI_OWNER = { token: null, name: 'cli', grants: EVERYTHING };

function started() {
  const clock = new FakeClock();
  const events: { type: string }[] = [];
  const append = ((event: { type: string }) => void events.push(event)) as never;
  return { clock, events, logins: new Logins({ store: new FakeTokenStore(), events: { append }, clock }) };
}

test('a code is good for a minute', async () => {
  const { logins, clock } = started();
  const [early, late] = [logins.makeCode(CLI_OWNER), logins.makeCode(CLI_OWNER)];
  expect(early.expiresAtMs).toBe(clock.nowMs() + 60_000);
  await clock.advance(59_999);
  expect((await logins.logIn(early.code, null)).session.name).toBe('cli (dashboard)');
  await clock.advance(1);
  await expect(logins.logIn(late.code, null)).rejects.toMatchObject({ code: 'unauthorized' });
});

test('of two logins with one code at once, one succeeds', async () => {
  const { logins, events } = started();
  const { code } = logins.makeCode(CLI_OWNER);
  const results = await Promise.allSettled([logins.logIn(code, null), logins.logIn(code, null)]);
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(events.map(({ type }) => type)).toEqual(['logged-in']);
});

test('the oldest of many codes give way', async () => {
  const { logins } = started();
  const codes = Array.from({ length: 101 }, () => logins.makeCode(CLI_OWNER).code);
  await expect(logins.logIn(codes[0] ?? '', null)).rejects.toMatchObject({ code: 'unauthorized' });
  expect((await logins.logIn(codes[1] ?? '', null)).session.session).toBe(true);
});

test('wrong codes of one address are no obstacle to another, and are forgotten after a minute', async () => {
  const { logins, clock } = started();
  const wrong = async (address: string) => {
    const error = await logins.logIn('wrong', address).catch((thrown: { code: string }) => thrown);
    return 'code' in error ? error.code : null;
  };
  for (let count = 0; count < 20; count += 1) expect(await wrong('192.0.2.1')).toBe('unauthorized');
  expect([await wrong('192.0.2.1'), await wrong('192.0.2.2')]).toEqual(['rate_limited', 'unauthorized']);
  await clock.advance(60_000);
  expect(await wrong('192.0.2.1')).toBe('unauthorized');
});
