import { expect, test } from 'vitest';
import { runningCli } from '../running.ts';

const URL_A = 'https://a.example.com/';
const IDLE = {
  url: URL_A,
  events: ['*'],
  isSigned: true,
  allowPrivate: false,
  pending: 0,
  givenUp: 0,
  dropped: 0,
  lastSuccessAt: null,
  lastFailureAt: null,
  lastFailure: null,
  nextTryAt: null,
};

const inS = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

test('notify ls shows what is pending for each receiver, and why', async () => {
  const { cli, notify } = await runningCli();
  notify.targets.push(IDLE, {
    ...IDLE,
    url: 'https://b.example.com/',
    pending: 12,
    givenUp: 2,
    dropped: 7,
    lastSuccessAt: inS(-86_400),
    lastFailureAt: inS(-90),
    lastFailure: 'answered 500',
    nextTryAt: inS(120),
  });
  const { status, out } = await cli('notify', 'ls');
  const lines = out.trimEnd().split('\n');
  expect([status, lines.length]).toEqual([0, 6]);
  expect(lines[0]).toMatch(/^RECEIVER +PENDING +LAST SUCCESS +LAST FAILURE +NEXT TRY$/);
  expect(lines[1]).toMatch(/^https:\/\/a\.example\.com\/ +0 +- +- +-$/);
  expect(lines[2]).toMatch(/^https:\/\/b\.example\.com\/ +12 +1d 0h ago +1m 3\ds ago +in (2m 0s|1m \d\ds)$/);
  expect(lines.slice(3)).toEqual([
    'https://b.example.com/: answered 500',
    'https://b.example.com/: 2 given up after three days',
    'https://b.example.com/: 7 dropped because too many were pending',
  ]);
  expect(JSON.parse((await cli('notify', 'ls', '--json')).out)).toEqual(notify.targets);
});

test('notify ls says how to begin when there is no receiver', async () => {
  const { cli } = await runningCli();
  expect((await cli('notify', 'ls')).out).toBe(
    'No receivers of notifications. Add one to the config: [[notify]] with url and events.\n',
  );
  expect((await cli('notify', 'ls', '--json')).out).toBe('[]\n');
});

test('notify test prints the answer, without what a terminal would obey', async () => {
  const { cli, notify } = await runningCli();
  notify.results = [{ url: URL_A, ok: true, status: 200, answer: 'fine\n\u001b[2Jok', failure: null, durationMs: 12 }];
  const { status, out } = await cli('notify', 'test', URL_A);
  expect([status, notify.asked]).toEqual([0, [URL_A]]);
  expect(out).toBe(`${URL_A}: answered 200, after 12 ms\n  | fine\n  | ok\n`);
});

test('notify test is status 1 when one receiver refuses or cannot be reached', async () => {
  const { cli, notify } = await runningCli();
  const failure = 'nothing listens there';
  notify.results = [
    { url: URL_A, ok: false, status: 500, answer: 'no', failure: 'answered 500', durationMs: 3 },
    { url: 'https://b.example.com/', ok: false, status: null, answer: null, failure, durationMs: 1 },
  ];
  const { status, out, err } = await cli('notify', 'test');
  expect([status, err]).toEqual([1, '']);
  expect(out.split('\n')).toEqual([
    `${URL_A}: answered 500, after 3 ms`,
    '  | no',
    'https://b.example.com/: failed: nothing listens there, after 1 ms',
    '',
  ]);
  const json = await cli('notify', 'test', '--json');
  expect([json.status, JSON.parse(json.out)]).toEqual([1, notify.results]);
});

test('notify test of an unknown receiver says where they are listed', async () => {
  const { cli } = await runningCli();
  const { status, err } = await cli('notify', 'test', 'https://elsewhere.example.com/');
  expect(status).toBe(1);
  expect(err).toMatch(/\(unknown_receiver\)\nhint: `tenement notify ls` lists/);
});
