import { describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { tenantView } from '../../api/fake-tenants.ts';
import { CRASHED, view } from '../../api/fakes.ts';
import { testIo } from '../io.ts';
import { runningCli } from '../running.ts';

async function withAcme() {
  const running = await runningCli();
  const { tenants } = running.supervisor;
  tenants.views.set('acme', tenantView('acme'));
  running.supervisor.views.set('api:acme', view('api:acme'));
  return { ...running, tenants };
}

describe('tenant', () => {
  it('create prints state and URLs of the instances', async () => {
    const { cli, tenants, supervisor } = await withAcme();
    supervisor.views.set('api:globex', view('api:globex', { url: 'http://globex.localhost:8080' }));
    const words = ['--service', 'api', '--plan', 'pro', '--expires', '30d', '--label', 'a=b', '--env', 'A=x=y'];
    const { status, out, err } = await cli('tenant', 'create', 'globex', ...words);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toBe('globex active\n  INSTANCE    STATE  URL\n  api:globex  ready  http://globex.localhost:8080\n');
    const asked = { services: ['api'], plan: 'pro', expires: '30d', labels: { a: 'b' }, env: { A: 'x=y' } };
    expect(tenants.calls).toEqual([['create', 'globex', { ...asked, start: true, wait: true }]]);
  });

  it('create whose start has failed ends with status 1 and the last lines', async () => {
    const { cli, supervisor } = await withAcme();
    supervisor.views.set('api:globex', view('api:globex', CRASHED));
    supervisor.tenants.started = [view('api:globex', CRASHED)];
    const { status, err } = await cli('tenant', 'create', 'globex');
    expect(status).toBe(1);
    expect(err).toContain('api:globex did not start: ended with code 7');
  });

  it('ls is a table, with --json an array, and says how to begin when it is empty', async () => {
    const { cli, tenants } = await withAcme();
    tenants.views.set(
      'globex',
      tenantView('globex', {
        plan: null,
        expiresAt: '2030-01-01T00:00:00.000Z',
        storageBytes: 1024 ** 2,
        requestsThisMonth: 42,
      }),
    );
    expect((await cli('tenant', 'ls')).out).toBe(
      [
        'TENANT  PLAN  STATE   INSTANCES  EXPIRES                   REQUESTS  STORAGE',
        'acme    free  active  1          -                         0         -',
        'globex  -     active  1          2030-01-01T00:00:00.000Z  42        1.0 MB',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await cli('tenant', 'ls', '--json', '--label', 'a=b')).out)).toHaveLength(2);
    tenants.views.clear();
    expect((await cli('tenant', 'ls')).out).toBe('No tenants. Register one: tenement tenant create ID\n');
    expect((await cli('tenant', 'ls', '--state', 'gone')).status).toBe(2);
  });

  it('set sends what is changed, and nothing to change is a mistake', async () => {
    const { cli, tenants } = await withAcme();
    const words = [
      '--plan',
      'pro',
      '--expires',
      'never',
      '--label',
      'a=b',
      '--unlabel',
      'c',
      '--env',
      'A=1',
      '--unset',
      'B',
    ];
    expect((await cli('tenant', 'set', 'acme', ...words)).out).toMatch(/^acme active\n/);
    expect(tenants.calls).toEqual([
      ['set', 'acme', { plan: 'pro', expires: 'never', labels: { c: null, a: 'b' }, env: { B: null, A: '1' } }],
    ]);
    expect((await cli('tenant', 'set', 'acme')).status).toBe(2);
    expect((await cli('tenant', 'set', 'acme', '--label', 'a b=c')).status).toBe(2);
  });

  it('show, stop and start print the tenant with its instances', async () => {
    const { cli, tenants } = await withAcme();
    expect((await cli('tenant', 'show', 'acme')).out).toContain('acme is active\n  why      requests are served\n');
    expect((await cli('tenant', 'stop', 'acme')).out).toMatch(/^acme stopped\n/);
    expect((await cli('tenant', 'start', 'acme')).out).toMatch(/^acme active\n/);
    expect(tenants.calls).toEqual([
      ['stop', 'acme'],
      ['start', 'acme', { wait: true }],
    ]);
    expect((await cli('tenant', 'show', 'nobody')).err).toContain('there is no tenant nobody (unknown_tenant)');
  });

  it('show prints how much of each quota is used, and until when', async () => {
    const { cli, tenants } = await withAcme();
    const resetsAt = '2000-01-01T00:00:00.000Z';
    const quotas = [
      { meter: 'requests', used: 412, limit: 500, period: 'month', resetsAt },
      { meter: 'cpu', used: 90, limit: 3600, period: 'hour', resetsAt },
      { meter: 'egress', used: 1e6, limit: 10e9, period: 'day', resetsAt },
    ] as const;
    tenants.views.set('acme', tenantView('acme', { quotas }));
    const { out } = await cli('tenant', 'show', 'acme');
    expect(out).toMatch(/\n {2}requests quota +412 of 500 this month, renewed \d+d \d+h ago\n/);
    expect(out).toMatch(/\n {2}cpu quota +1m 30s of 1h this hour, renewed/);
    expect(out).toMatch(/\n {2}egress quota +1\.0 MB of 10\.0 GB today, renewed/);
  });

  it('rm --purge asks at a terminal, and not with --yes or from a script', async () => {
    const { cli, tenants, env } = await withAcme();
    const { io, questions, stderr } = testIo(env, false, 'n');
    expect(await run(['tenant', 'rm', 'acme', '--purge'], io)).toBe(2);
    expect(questions).toEqual([
      'Delete the directory of acme and what its hooks have made, with all data, and unregister 1 instance (0 requests this month)? [y/N] ',
    ]);
    expect(stderr.text).toContain('acme is left as it is');
    expect(tenants.calls).toEqual([]);
    const { out } = await cli('tenant', 'rm', 'acme', '--purge');
    expect([out, tenants.calls]).toEqual([
      'acme removed, its directory deleted\n',
      [['remove', 'acme', { purge: true }]],
    ]);
  });
});

it('set sends changes of one instance; --unset takes a variable or the key of a limit', async () => {
  const { cli, supervisor } = await withAcme();
  const words = ['--env', 'A=1', '--unset', 'B', '--memory-limit-mb', '512', '--unset', 'cpu_limit'];
  expect((await cli('set', 'api:acme', ...words)).out).toBe('api:acme changed, ready\n');
  expect(supervisor.calls).toEqual([
    ['set', 'api:acme', { env: { B: null, A: '1' }, limits: { cpuLimit: null, memoryLimitMb: 512 } }],
  ]);
  expect((await cli('set', 'api:acme')).status).toBe(2);
});

describe('start and stop of several tenants', () => {
  async function withTenants() {
    const running = await runningCli();
    const { tenants } = running.supervisor;
    tenants.views.set('a', tenantView('a', { plan: 'free', labels: { region: 'eu' } }));
    tenants.views.set('b', tenantView('b', { state: 'stopped' }));
    tenants.views.set('c', tenantView('c', { instances: [] }));
    const calls = () =>
      tenants.calls.filter(([verb]) => verb !== 'list').map(([verb, id]) => `${String(verb)} ${String(id)}`);
    return { ...running, tenants, calls };
  }

  it.each<[words: string[], called: string[]]>([
    [
      ['stop', '--all'],
      ['stop a', 'stop c'],
    ],
    [['start', '--all'], ['start b']],
    [
      ['start', '--all', '--state', 'active'],
      ['start a', 'start b', 'start c'],
    ],
    [
      ['stop', 'a', 'c', 'a'],
      ['stop a', 'stop c'],
    ],
  ])('%j concerns %j', async (words, called) => {
    const { cli, calls } = await withTenants();
    const { status, err } = await cli('tenant', ...words, '--parallel', '1');
    expect([calls(), err, status]).toEqual([called, '', 0]);
  });

  it('--all has the server choose by plan, state and labels', async () => {
    const { cli, tenants } = await withTenants();
    await cli('tenant', 'stop', '--all', '--plan', 'free', '--label', 'region=eu');
    expect(tenants.calls[0]).toMatchObject(['list', { plan: 'free', labels: { region: 'eu' } }]);
  });

  it('prints a line for each and a summary; with --json an array', async () => {
    const { cli } = await withTenants();
    expect((await cli('tenant', 'stop', '--all', '--parallel', '1')).out).toMatch(
      /^a stopped\nc stopped\nstopped 2 tenants, in \d+s\n$/,
    );
    expect(JSON.parse((await cli('tenant', 'start', 'a', 'c', '--json', '--parallel', '1')).out)).toEqual([
      { tenant: 'a', state: 'active', error: null },
      { tenant: 'c', state: 'active', error: null },
    ]);
    await cli('tenant', 'start', 'b');
    expect((await cli('tenant', 'start', '--all')).out).toBe('No such tenants.\n');
  });

  it('goes on after a tenant that did not start, and ends with 1', async () => {
    const { cli, supervisor } = await withTenants();
    supervisor.views.set('api:a', view('api:a', CRASHED));
    const { status, out, err } = await cli('tenant', 'start', 'a', 'c', '--parallel', '1');
    expect([status, out]).toEqual([
      1,
      expect.stringMatching(/^c active\nstarted 1 of 2 tenants, 1 failed, in \d+s\n$/),
    ]);
    expect(err).toBe('tenement: api:a did not start: ended with code 7 before it was ready (start_failed)\n');
  });

  it.each([
    [['stop'], 'stop which tenant?'],
    [['stop', '--plan', 'free'], '--plan, --state and --label choose among --all'],
    [['start', 'a', '--all'], '--all means every tenant, and a is one'],
    [['start', 'A', 'b'], 'A'],
  ])('%j is refused', async (words, message) => {
    const { cli, calls } = await withTenants();
    const { status, err } = await cli('tenant', ...words);
    expect([status, calls()]).toEqual([2, []]);
    expect(err).toContain(message);
  });
});
