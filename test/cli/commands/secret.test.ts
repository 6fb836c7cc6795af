import { describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { tenantView } from '../../api/fake-tenants.ts';
import { testIo } from '../io.ts';
import { runningCli } from '../running.ts';

async function withAcme() {
  const running = await runningCli();
  running.supervisor.tenants.views.set('acme', tenantView('acme'));
  const set = async (secret: string, ...words: string[]) => {
    const { io, stdout, stderr, questions } = testIo(running.env, false, null, secret);
    const status = await run(['secret', 'set', ...words], io);
    return { status, out: stdout.text, err: stderr.text, questions };
  };
  return { ...running, set, secrets: running.supervisor.secrets };
}

describe('secret set', () => {
  it('sends what was read, without the newline that ends it', async () => {
    const { set, secrets } = await withAcme();
    expect(await set('sk_live\n', 'acme', 'STRIPE_KEY')).toEqual({
      status: 0,
      out: 'STRIPE_KEY of acme has version 1\n',
      err: '',
      questions: ['Value of STRIPE_KEY for acme (not shown): '],
    });
    await set(' two\nlines\n\n', 'acme', 'PEM');
    expect(secrets.calls).toEqual([
      ['set', 'acme', 'STRIPE_KEY', 'sk_live'],
      ['set', 'acme', 'PEM', ' two\nlines\n'],
    ]);
  });

  it.each([
    ['as an argument', ['acme', 'KEY', 'hunter2']],
    ['after a dash', ['acme', 'KEY', '--', '-hunter2']],
    ['as an assignment', ['acme', 'KEY=hunter2']],
  ])('refuses a value %s, and does not repeat it', async (_how, words) => {
    const { set, secrets } = await withAcme();
    const { status, out, err } = await set('other', ...words);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(/^tenement: the value of a secret is no argument: .* \(usage\)\nhint: /);
    expect(err).not.toContain('hunter2');
    expect(secrets.calls).toEqual([]);
  });

  it.each([
    ['nothing', '', 'KEY', /KEY: the value is empty, so nothing is changed/],
    ['an empty line', '\n', 'KEY', /the value is empty/],
    ['NUL', 'a\0b', 'KEY', /KEY: the value contains NUL/],
    ['too much', 'x'.repeat(70_000), 'KEY', /KEY: the value has 70000 bytes, more than 65536/],
    ['a bad name', 'v', '2FA', /the name of a secret consists of letters/],
    ['a reserved name', 'v', 'PATH', /PATH is reserved/],
  ])('refuses %s', async (_what, value, name, problem) => {
    const { set, secrets } = await withAcme();
    const { status, err } = await set(value, 'acme', name);
    expect(status).toBe(2);
    expect(err).toMatch(problem);
    expect(secrets.calls).toEqual([]);
  });
});

describe('secret', () => {
  it('ls is a table with what is missing, with --json an array', async () => {
    const { cli, secrets } = await withAcme();
    secrets.missing = [{ name: 'DB', neededBy: ['api', 'web'] }];
    expect((await cli('secret', 'ls', 'acme')).out).toBe(
      [
        'SECRET      VERSION  SOURCE    CHANGED                   NEEDED BY',
        'STRIPE_KEY  1        operator  2026-01-01T00:00:00.000Z  api',
        'DB          -        missing   -                         api, web',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await cli('secret', 'ls', 'acme', '--json')).out)).toMatchObject([{ name: 'STRIPE_KEY' }]);
    expect((await cli('secret', 'ls', 'nobody')).err).toMatch(/there is no tenant nobody \(unknown_tenant\)/);
  });

  it('rm says which instances will not start', async () => {
    const { cli, secrets } = await withAcme();
    expect(await cli('secret', 'rm', 'acme', 'A')).toMatchObject({ status: 0, out: 'A of acme removed\n', err: '' });
    secrets.missing = [{ name: 'A', neededBy: ['api'] }];
    const { status, err } = await cli('secret', 'rm', 'acme', 'A');
    expect(status).toBe(0);
    expect(err).toBe(
      'api:acme will not start without it; a running process keeps it until it ends. Set it again: tenement secret set acme A\n',
    );
  });

  it('rekey tells how many secrets it encrypted, and which it could not', async () => {
    const { cli, secrets } = await withAcme();
    const { status, out, err } = await cli('secret', 'rekey');
    expect({ status, out, err }).toEqual({ status: 0, out: 'encrypted 3 secrets with the key f00d\n', err: '' });
    secrets.unreadable = ['acme/A'];
    const failed = await cli('secret', 'rekey');
    expect(failed.status).toBe(1);
    expect(failed.err).toContain('no key opens acme/A');
  });

  it('rotate tells the version', async () => {
    const { cli, secrets } = await withAcme();
    expect((await cli('secret', 'rotate', 'acme', 'A')).out).toBe('A of acme has version 2\n');
    expect(secrets.calls).toEqual([['rotate', 'acme', 'A']]);
  });
});
