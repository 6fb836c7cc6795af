import { expect, test } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { CRASHED, view } from '../api/fakes.ts';
import { runningCli, testIo } from './running.ts';

async function withAcme() {
  const running = await runningCli();
  running.supervisor.views.set('api:acme', view('api:acme'));
  return running;
}

test('spawn prints state, public socket and URL', async () => {
  const { cli, supervisor } = await runningCli();
  const { status, out, err } = await cli('spawn', 'api', '--id', 'acme', '--env', 'A=1', '--env', 'B=x=y');
  expect({ status, out, err }).toEqual({
    status: 0,
    out: 'api:acme ready\n  socket  /tmp/api-acme.sock\n  url     http://acme.localhost:8080\n',
    err: '',
  });
  expect(supervisor.calls).toEqual([['spawn', 'api', 'acme', { env: { A: '1', B: 'x=y' }, start: true, wait: true }]]);
});

test('spawn --json prints the instance; --no-start and --no-wait are passed on', async () => {
  const { cli, supervisor } = await runningCli();
  const { out } = await cli('spawn', 'api:acme', '--no-start', '--no-wait', '--json');
  expect(JSON.parse(out)).toEqual(supervisor.get('api:acme'));
  expect(supervisor.calls[0]).toEqual(['spawn', 'api', 'acme', { start: false, wait: false }]);
});

test('a start that failed is status 1, with the reason and the last lines', async () => {
  const { cli, supervisor } = await runningCli();
  supervisor.started = CRASHED;
  const { status, out, err } = await cli('spawn', 'api', '--id', 'acme');
  expect([status, out]).toEqual([1, '']);
  expect(err.split('\n')).toEqual([
    'tenement: api:acme did not start: ended with code 7 before it was ready (start_failed)',
    expect.stringMatching(/^hint: /),
    'It printed last:',
    '  loading',
    '  no database',
    '',
  ]);
  const json = await cli('spawn', 'api', '--id', 'acme', '--json');
  expect([json.status, JSON.parse(json.out).state]).toEqual([1, 'backoff']);
  expect((await cli('start', 'api:acme')).status).toBe(1);
  expect((await cli('spawn', 'api', '--id', 'acme', '--no-wait')).status).toBe(0);
});

test('spawning again what an operator stopped is no failure', async () => {
  const { cli, supervisor } = await runningCli();
  supervisor.views.set('api:acme', view('api:acme', { state: 'stopped', desired: 'stopped', pid: null }));
  const { status, out } = await cli('spawn', 'api', '--id', 'acme');
  expect([status, out.split('\n')[0]]).toEqual([0, 'api:acme stopped']);
});

test('ps is an aligned table', async () => {
  const { cli, supervisor } = await withAcme();
  supervisor.views.set(
    'api:longer-name',
    view('api:longer-name', { state: 'asleep', pid: null, memoryBytes: null, lastActivityAt: null }),
  );
  const lines = (await cli('ps')).out.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^INSTANCE +STATE +PID +UPTIME +IDLE +MEMORY +RESTARTS +REQUESTS$/);
  const column = lines[0]?.indexOf('STATE') ?? 0;
  expect(lines.slice(1).map((line) => line.slice(column).split(/ {2,}/)[0])).toEqual(['ready', 'asleep']);
  expect(lines[2]).toMatch(/asleep +- +- +- +- +2 +17$/);
});

test('ps says how to begin when there is nothing; --json is an array', async () => {
  const { cli, supervisor } = await runningCli();
  expect((await cli('ps')).out).toBe('No instances. Register one: tenement spawn SERVICE --id ID\n');
  expect((await cli('ps', '--json')).out).toBe('[]\n');
  supervisor.views.set('api:acme', view('api:acme'));
  expect(JSON.parse((await cli('ps', '--json')).out)).toEqual(supervisor.list());
});

test.each([
  ['start', 'ready'],
  ['stop', 'stopped'],
  ['restart', 'ready'],
  ['sleep', 'asleep'],
])('%s prints one line, or the instance with --json', async (verb, state) => {
  const { cli } = await withAcme();
  expect(await cli(verb, 'api:acme')).toEqual({ status: 0, out: `api:acme ${state}\n`, err: '' });
  expect((await cli(verb, 'api', '--id', 'acme')).out).toBe(`api:acme ${state}\n`);
  expect(JSON.parse((await cli(verb, 'api:acme', '--json')).out)).toMatchObject({ instance: 'api:acme', state });
});

test('rm removes, and purges when asked', async () => {
  const { cli, supervisor } = await withAcme();
  expect((await cli('rm', 'api:acme', '--purge')).out).toBe('api:acme removed\n');
  expect(supervisor.calls).toEqual([['remove', 'api:acme', { purge: true }]]);
  const again = await cli('rm', 'api:acme');
  expect([again.status, again.err.split('\n')[0]]).toEqual([
    1,
    'tenement: api:acme is not registered (unknown_tenant)',
  ]);
  supervisor.views.set('api:acme', view('api:acme'));
  expect((await cli('rm', 'api:acme', '--json')).out).toBe('{}\n');
});

test('logs print time, stream and text, or JSON lines', async () => {
  const { cli, logs } = await withAcme();
  logs.print('hello');
  logs.print('oh no', 'stderr');
  expect((await cli('logs', 'api:acme')).out).toBe(
    '2026-01-01T00:00:00.000Z out hello\n2026-01-01T00:00:00.001Z err oh no\n',
  );
  expect((await cli('logs', 'api:acme', '-n', '1')).out).toContain('oh no');
  expect((await cli('logs', 'api:acme', '--grep', 'hell')).out).not.toContain('oh no');
  expect((await cli('logs', 'api:acme', '--stderr', '--json')).out).toBe(
    '{"at":"2026-01-01T00:00:00.001Z","stream":"stderr","text":"oh no"}\n',
  );
});

test('logs are coloured only where colours are taken', async () => {
  const { env, logs } = await withAcme();
  logs.print('hello');
  const { io, stdout } = testIo(env, true);
  await run(['logs', 'api:acme'], io);
  expect(stdout.text).toContain('\u001b[36mout\u001b[39m hello');
});

test('logs -f goes on until Ctrl-C and then ends with status 0', async () => {
  const { env, logs } = await withAcme();
  logs.print('one');
  const { io, stdout, stderr, interrupt } = testIo(env);
  stdout.onText = (text) => {
    if (!text.includes('two')) logs.print('two');
    else interrupt.abort();
  };
  expect(await run(['logs', 'api:acme', '-f'], io)).toBe(0);
  expect([stdout.text.split('\n').length, stderr.text]).toEqual([3, '']);
});

test('events print one line each, or JSON lines', async () => {
  const { cli, events } = await runningCli();
  events.add('woke', 'api:acme');
  expect((await cli('events')).out).toBe('2026-01-01T00:00:00.000Z api:acme woke it woke\n');
  expect(JSON.parse((await cli('events', '--json')).out)).toMatchObject({ seq: 1, type: 'woke' });
});

test('tokens are created, listed and revoked; only the text is on stdout', async () => {
  const { cli } = await runningCli();
  expect((await cli('token', 'ls')).out).toMatch(/^No tokens/);
  expect((await cli('token', 'create', 'ci')).out).toBe('secret-t1\n');
  expect((await cli('token', 'ls')).out).toMatch(/^ID +NAME +CREATED\nt1 +ci +2026/);
  expect(JSON.parse((await cli('token', 'ls', '--json')).out)).toHaveLength(1);
  expect((await cli('token', 'revoke', 't1')).out).toBe('token t1 revoked\n');
  expect((await cli('token', 'revoke', 't1')).status).toBe(1);
  expect(JSON.parse((await cli('token', 'create', 'ci', '--json')).out)).toMatchObject({
    name: 'ci',
    token: 'secret-t1',
  });
});
