import { expect, onTestFinished, test } from 'vitest';
import type { JwtConfig } from '../../src/core/identity/jwt-config.ts';
import type { VerificationKeys } from '../../src/core/identity/key-feed.ts';
import { IssuerKeys } from '../../src/identity/issuer-keys.ts';
import type { LoadedKeys } from '../../src/identity/load-keys.ts';
import { FakeClock, settle } from '../supervisor/fakes.ts';

const JWT: JwtConfig = {
  keys: { kind: 'url', url: 'https://id.example.com/keys' },
  issuers: [],
  audiences: [],
  cookie: null,
};
const keysNamed = (...kids: string[]): LoadedKeys => ({
  publicKeys: kids.map((kid) => ({ kid })),
  secrets: [],
  refused: [],
});

/** Keys whose loads the test answers. */
function opened() {
  const clock = new FakeClock();
  const loads: { resolve(keys: LoadedKeys): void; reject(error: Error): void; signal: AbortSignal }[] = [];
  const lines: [level: string, message: string, fields: object][] = [];
  const log = (level: string) => (fields: object, message: string) => void lines.push([level, message, fields]);
  const keys = new IssuerKeys({
    clock,
    steadyMs: () => clock.nowMs(),
    logger: { level: 'info', debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    load: (_place, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<LoadedKeys>();
      loads.push({ resolve, reject, signal });
      return promise;
    },
  });
  const seen: VerificationKeys[] = [];
  keys.follow((one) => seen.push(one));
  onTestFinished(() => keys.close());
  const answer = async (given: LoadedKeys | Error) => {
    const load = loads.at(-1);
    if (given instanceof Error) load?.reject(given);
    else load?.resolve(given);
    await settle();
  };
  const kids = () => keys.current.publicKeys.map(({ kid }) => kid);
  return { keys, clock, loads, lines, seen, answer, kids };
}

test('keys are loaded ahead, again every five minutes, and published only when they differ', async () => {
  const { keys, clock, loads, seen, answer, kids } = opened();
  keys.apply(JWT);
  await answer(keysNamed('a'));
  expect([kids(), seen.length]).toEqual([['a'], 2]);
  await clock.advance(299_999);
  expect(loads).toHaveLength(1);
  await clock.advance(1);
  await answer(keysNamed('a'));
  expect([loads.length, seen.length]).toEqual([2, 2]);
  await clock.advance(300_000);
  await answer(keysNamed('b'));
  expect([kids(), seen.length]).toEqual([['b'], 3]);
  expect(keys.health()).toEqual({ keys: 1, loadedAtMs: clock.nowMs(), failures: 0 });
});

test('any number of requests with unknown keys cause one load in five seconds', async () => {
  const { keys, clock, loads, answer } = opened();
  keys.apply(JWT);
  await answer(keysNamed('a'));
  await clock.advance(5000);
  const waiting = Promise.all(Array.from({ length: 1000 }, () => keys.refresh()));
  expect(loads).toHaveLength(2);
  await answer(keysNamed('a', 'b'));
  await waiting;
  await Promise.all(Array.from({ length: 1000 }, () => keys.refresh()));
  expect(loads).toHaveLength(2);
  await clock.advance(4999);
  await keys.refresh();
  expect(loads).toHaveLength(2);
  await clock.advance(1);
  void keys.refresh();
  expect(loads).toHaveLength(3);
});

test('an issuer that cannot be reached keeps its known keys, is asked again more and more seldom, and the log says why', async () => {
  const { keys, clock, loads, lines, answer, kids } = opened();
  keys.apply(JWT);
  await answer(keysNamed('a'));
  await clock.advance(300_000);
  for (const pauseS of [1, 2, 4, 8, 16, 32, 60, 60]) {
    await answer(new Error('connect ECONNREFUSED 10.0.0.1:443'));
    const [level, message, fields] = lines.at(-1) ?? [];
    expect([level, message]).toEqual([
      'error',
      'the keys of tokens cannot be loaded; tokens signed with known keys stay valid',
    ]);
    const from = 'https://id.example.com/keys';
    expect(fields).toEqual({ from, reason: 'connect ECONNREFUSED 10.0.0.1:443', retryInS: pauseS });
    const before = loads.length;
    await clock.advance(pauseS * 1000 - 1);
    expect(loads).toHaveLength(before);
    await clock.advance(1);
    expect(loads).toHaveLength(before + 1);
  }
  expect(kids()).toEqual(['a']);
  expect(keys.health()?.failures).toBe(8);
  await answer(keysNamed('a'));
  expect(lines.at(-1)?.[1]).toBe('keys of tokens loaded again');
});

test('a request for newer keys is answered when the load fails', async () => {
  const { keys, answer } = opened();
  keys.apply(JWT);
  const waiting = keys.refresh();
  await answer(new Error('no answer within 4 s'));
  await waiting;
});

test('a reload loads the keys at once, and those of another issuer take the place of the old ones', async () => {
  const { keys, loads, answer, kids, seen } = opened();
  keys.apply(JWT);
  await answer(keysNamed('a'));
  keys.apply(JWT);
  expect([loads.length, kids()]).toEqual([2, ['a']]);
  keys.apply({ ...JWT, keys: { kind: 'url', url: 'https://other.example.com/keys' } });
  expect(kids()).toEqual([]);
  expect(loads[1]?.signal.aborted).toBe(true);
  loads[1]?.resolve(keysNamed('old'));
  await settle();
  expect(kids()).toEqual([]);
  await answer(keysNamed('b'));
  expect(kids()).toEqual(['b']);
  const versions = seen.map(({ version }) => version);
  expect(versions).toEqual([...new Set(versions)].toSorted((one, other) => one - other));
});

test('a server without tokens loads nothing', async () => {
  const { keys, loads, clock } = opened();
  keys.apply(null);
  await clock.advance(600_000);
  await keys.refresh();
  expect(loads).toEqual([]);
  expect(keys.health()).toBeNull();
});
