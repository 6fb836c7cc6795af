import { expect, test } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { CLI, CONFIG, REQUEST, tokenActor } from '../../src/core/access/actor.ts';
import { CRASHED, view } from '../api/fakes.ts';
import { runningApi } from '../api/running.ts';
import { testIo } from './io.ts';
import { cli as runCli, runningCli } from './running.ts';

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

test('a failed start ends with status 1, the reason and the last lines of output', async () => {
  const { cli, supervisor } = await runningCli();
  supervisor.started = CRASHED;
  const { status, out, err } = await cli('spawn', 'api', '--id', 'acme');
  expect([status, out]).toEqual([1, '']);
  expect(err.split('\n')).toEqual([
    'tenement: api:acme did not start: ended with code 7 before it was ready (start_failed)',
    expect.stringMatching(/^hint: /),
    'Its last output:',
    '  loading',
    '  no database',
    '',
  ]);
  const json = await cli('spawn', 'api', '--id', 'acme', '--json');
  expect([json.status, JSON.parse(json.out).state]).toEqual([1, 'backoff']);
  expect((await cli('start', 'api:acme')).status).toBe(1);
  expect((await cli('spawn', 'api', '--id', 'acme', '--no-wait')).status).toBe(0);
});

test('spawning an instance that an operator stopped is no failure', async () => {
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

test('rm removes, purges when asked, and says what became of the directory (bug: same message for both)', async () => {
  const { cli, supervisor } = await withAcme();
  expect((await cli('rm', 'api:acme', '--purge')).out).toBe('api:acme removed, the directory of acme deleted\n');
  expect(supervisor.calls).toEqual([['remove', 'api:acme', { purge: true }]]);
  const again = await cli('rm', 'api:acme');
  expect([again.status, again.err.split('\n')[0]]).toEqual([
    1,
    'tenement: api:acme is not registered (unknown_tenant)',
  ]);
  supervisor.views.set('api:acme', view('api:acme'));
  expect((await cli('rm', 'api:acme', '--json')).out).toBe('{}\n');
});

test.each([
  ['y', 0, 'api:acme removed, the directory of acme deleted\n'],
  ['', 1, ''],
  ['n', 1, ''],
])(
  'rm --purge asks at a terminal; answered "%s" it ends with %i (bug: it asked nobody)',
  async (answer, status, out) => {
    const { env, supervisor } = await withAcme();
    const { io, stdout, stderr, questions } = testIo(env, false, answer);
    expect(await run(['rm', 'api:acme', '--purge'], io)).toBe(status === 0 ? 0 : 2);
    expect(questions).toEqual([expect.stringContaining('Delete the directory of acme with all its data')]);
    expect([stdout.text, supervisor.views.has('api:acme')]).toEqual([out, status !== 0]);
    if (status !== 0) expect(stderr.text).toContain('api:acme is left as it is');
  },
);

test('rm does not ask with --yes, without --purge, and when another service keeps the directory', async () => {
  const { env, supervisor } = await withAcme();
  const { io, stdout, questions } = testIo(env, false, 'n');
  expect(await run(['rm', 'api:acme', '--purge', '--yes'], io)).toBe(0);
  supervisor.views.set('api:acme', view('api:acme'));
  expect(await run(['rm', 'api:acme'], io)).toBe(0);
  for (const name of ['api:acme', 'web:acme'] as const) supervisor.views.set(name, view(name));
  expect(await run(['rm', 'api:acme', '--purge'], io)).toBe(0);
  expect(questions).toEqual([]);
  expect(stdout.text.split('\n').slice(1, 3)).toEqual([
    'api:acme removed, the directory of acme kept',
    'api:acme removed, the directory of acme kept: web:acme is registered',
  ]);
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

test('logs are coloured only on terminals with colours', async () => {
  const { env, logs } = await withAcme();
  logs.print('hello');
  const { io, stdout } = testIo(env, true);
  await run(['logs', 'api:acme'], io);
  expect(stdout.text).toContain('\u001b[36mout\u001b[39m hello');
});

test("a tenant's output cannot control the terminal, and is unchanged in pipes (bug: OSC 52 got through)", async () => {
  const { env, cli, logs } = await withAcme();
  const evil = '\u001b]52;c;ZXZpbA==\u0007\u001b[2Jhello\rbye';
  logs.print(evil);
  expect((await cli('logs', 'api:acme')).out).toContain(evil);
  const { io, stdout } = testIo(env, true);
  await run(['logs', 'api:acme'], io);
  expect(stdout.text).toContain(' hello^Mbye\n');
});

test('logs -f continues until Ctrl-C and then ends with status 0', async () => {
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

test('events are filtered by instance and by type', async () => {
  const { cli, events } = await runningCli();
  events.add('woke', 'api:acme');
  events.add('slept', 'api:acme');
  events.add('woke', 'api:globex');
  const of = async (...argv: string[]) => (await cli('events', ...argv)).out.split('\n').map((line) => line.slice(25));
  expect(await of('api:acme')).toEqual(['api:acme woke it woke', 'api:acme slept it slept', '']);
  expect(await of('--type', 'woke')).toEqual(['api:acme woke it woke', 'api:globex woke it woke', '']);
  expect(await of('api:acme', '--type', 'woke')).toEqual(['api:acme woke it woke', '']);
});

test('events say who made a change, and of one tenant alone if asked', async () => {
  const { cli, events } = await runningCli();
  events.add('stopped', 'api:acme', tokenActor({ id: 't1', name: 'ci' }, '192.0.2.1'));
  events.add('restarted', 'web:acme', CONFIG);
  events.add('woke', 'api:acme', REQUEST);
  events.add('removed', 'api:globex', CLI);
  const of = async (...argv: string[]) => (await cli('events', ...argv)).out.split('\n').map((line) => line.slice(25));
  expect(await of('--tenant', 'acme')).toEqual([
    'api:acme stopped it stopped [by ci from 192.0.2.1]',
    'web:acme restarted it restarted [by config]',
    'api:acme woke it woke',
    '',
  ]);
  expect(await of('--tenant', 'globex')).toEqual(['api:globex removed it removed [by cli]', '']);
  expect((await cli('events', '--tenant', 'Acme')).err).toContain('Write an id such as acme');
});

test('a token of another scope sees that some other token made a change', async () => {
  const { url, tokenStore, events } = await runningApi('token');
  events.add('stopped', 'api:acme', tokenActor({ id: 'x', name: 'anna' }, '192.0.2.1'));
  const { token } = await tokenStore.make({ scope: 'tenant:acme' });
  const { out } = await runCli(['events', '--api', url, '--token', token]);
  expect(out).toMatch(/ api:acme stopped it stopped \[by another token\]\n$/);
});

test('an unknown event type is refused with a list of the known ones (bug: nothing was printed)', async () => {
  const { cli } = await runningCli();
  const { status, out, err } = await cli('events', '--type', 'nope');
  expect([status, out]).toEqual([2, '']);
  expect(err).toMatch(
    /'nope' is invalid\. There is no such type: expected one of spawned, .*crashed, .*internal-error\./,
  );
});

test('tokens are created, listed and revoked; only the text is on stdout', async () => {
  const { cli } = await runningCli();
  expect((await cli('token', 'ls')).out).toMatch(/^No tokens/);
  expect((await cli('token', 'create', 'ci')).out).toBe('secret-t1\n');
  expect((await cli('token', 'ls')).out).toMatch(
    /^ID +NAME +SCOPE +CAN +EXPIRES +LAST USED +CREATED\nt1 +ci +admin +read,operate,manage +never +never +2026/,
  );
  expect(JSON.parse((await cli('token', 'ls', '--json')).out)).toHaveLength(1);
  expect((await cli('token', 'revoke', 't1')).out).toBe('token t1 revoked\n');
  expect((await cli('token', 'revoke', 't1')).status).toBe(1);
  expect(JSON.parse((await cli('token', 'create', 'ci', '--json')).out)).toMatchObject({
    name: 'ci',
    token: 'secret-t1',
  });
});
