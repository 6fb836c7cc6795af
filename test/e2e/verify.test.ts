/** `tenement verify`: isolation that is whole, and isolation that is broken in each way. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MAIN } from './follower.ts';
import { serveAll } from './support.ts';
import { CONFIG, dirOf, isRoot, lines, pair, probeFile, verify } from './verify-pairs.ts';

describe.skipIf(!isRoot)('verify', () => {
  const running = serveAll(CONFIG);

  it('finds nothing where a user for each tenant separates them, and leaves them as they were', async () => {
    const server = running();
    await pair(server, 'notes', ['acme', 'globex']);
    const outcome = await verify(server, 'acme', 'globex', '--probe', probeFile(server));
    expect(lines(outcome, 'leak', 'not_separated', 'failed')).toEqual([]);
    expect(outcome).toMatchObject({ status: 0, passed: true, tenants: ['acme', 'globex'] });
    expect(lines(outcome, 'refused')).toEqual(
      expect.arrayContaining([
        'notes:acme → notes:globex: list its directory',
        'notes:globex → notes:acme: connect to its public socket',
        'notes:acme → notes:globex: read their environment',
        'notes:acme → tenement: connect to its control socket',
        "acme → globex: GET /notes at its host with one's own cookies and tokens",
        "globex → acme: GET /notes/{{note}} at one's own host with its ids",
      ]),
    );
    expect(await server.instance('notes:acme')).toMatchObject({ state: 'asleep', desired: 'asleep' });
    const quiet = await server.cli('verify', 'acme', 'globex', '--quiet');
    expect(quiet).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('prints a table for people, with the reason for what a level does not separate', async () => {
    const server = running();
    await pair(server, 'plain', ['table-a', 'table-b']);
    const { status, stdout } = await server.cli('verify', 'table-a', 'table-b', '--no-wake');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^FROM +TO +TRIED TO +RESULT +DETAIL\n/);
    expect(stdout).toMatch(/plain:table-a +plain:table-b +list its directory +NOT SEPARATED +listed /);
    expect(stdout).toMatch(/plain:table-b +plain:table-a +signal its processes +not tried +it is asleep\n/);
    expect(stdout).toContain('\nplain:table-a: process\n');
    expect(stdout).toContain('\nNot separated: at isolation = "process" without user = "dynamic"');
    expect(stdout).toMatch(/\n\d+ attempts: .*\d+ NOT SEPARATED, \d+ not tried\n$/);
    const allowed = await server.cli('verify', 'table-a', 'table-b', '--no-wake', '--allow-shared', '--quiet');
    expect(allowed).toEqual({ status: 0, stdout: '', stderr: '' });
    expect((await server.instance('plain:table-a')).state).toBe('asleep');
  });

  it('reaches everything where all tenants are one user, processes and their own sockets too', async () => {
    const server = running();
    await pair(server, 'plain', ['one', 'two']);
    const outcome = await verify(server, 'one', 'two');
    expect(outcome.status).toBe(1);
    expect(lines(outcome, 'not_separated')).toEqual(
      expect.arrayContaining(
        [
          ...['list its directory', 'write to its directory', 'read files in it', 'connect to its public socket'],
          ...['speak for it to tenement', 'signal its processes', 'read their environment', 'list their open files'],
          ...[
            'read and write their memory (ptrace)',
            'see the file system through them',
            'see their working directory',
          ],
        ].map((what) => `plain:one → plain:two: ${what}`),
      ),
    );
    expect(lines(outcome, 'not_separated')).toContain(
      'plain:two → tenement: read the registry, the admin token, the key',
    );
    expect(lines(outcome, 'leak', 'failed')).toEqual([]);
  });

  describe('notices', () => {
    it('a directory that is open to everybody, also while its tenant sleeps', async () => {
      const server = running();
      await pair(server, 'notes', ['closed', 'opened']);
      await server.cli('start', 'notes:opened');
      chmodSync(dirOf(server, 'opened'), 0o777);
      const outcome = await verify(server, 'closed', 'opened');
      expect(outcome.status).toBe(1);
      expect(lines(outcome, 'leak')).toEqual([
        'other users → notes:opened: enter its directory',
        'notes:closed → notes:opened: list its directory',
        'notes:closed → notes:opened: write to its directory',
        'notes:closed → notes:opened: read files in it',
      ]);
      expect(statSync(dirOf(server, 'opened')).mode & 0o777).toBe(0o777);
      await server.cli('sleep', 'notes:opened');
      expect(lines(await verify(server, 'closed', 'opened'), 'leak')).toEqual([
        'other users → notes:opened: enter its directory',
      ]);
    });

    it('a cookie that every tenant accepts, because all sign with one secret', async () => {
      const server = running();
      await pair(server, 'secret', ['ca', 'cb']);
      const outcome = await verify(server, 'ca', 'cb', '--probe', probeFile(server), '--service', 'secret');
      expect(lines(outcome, 'leak')).toEqual([
        "ca → cb: GET /notes at its host with one's own cookies and tokens",
        'ca → cb: GET /notes/{{note}} there, and its ids',
        "cb → ca: GET /notes at its host with one's own cookies and tokens",
        'cb → ca: GET /notes/{{note}} there, and its ids',
      ]);
      expect(outcome.findings.find(({ result }) => result === 'leak')?.detail).toBe(
        'answered 200 with the canary of cb',
      );
    });
  });

  it('removes what it planted when it is interrupted', async () => {
    const server = running();
    await pair(server, 'notes', ['ia', 'ib']);
    const probe = join(server.dir, 'hangs.http');
    writeFileSync(
      probe,
      '# @plant\nPOST /login\n###\n# @plant\n# @id note = json id\nPOST /notes\n\n{{canary}}\n' +
        '###\nGET /hang\n###\n# @undo\nDELETE /notes/{{note}}\n',
    );
    const words = [MAIN, '-c', server.configFile, 'verify', 'ia', 'ib', '--probe', probe, '--json'];
    const child = spawn(process.execPath, words, { env: { ...process.env, XDG_RUNTIME_DIR: server.dir } });
    onTestFinished(() => void child.kill('SIGKILL'));
    const printed = text(child.stdout);
    await server.follow('logs', 'notes:ia', '-f', '--grep', 'hangs').line(/hangs/);
    child.kill('SIGINT');
    const [status] = await once(child, 'exit');
    expect([status, lines(JSON.parse(await printed), 'failed')]).toEqual([
      1,
      ['ia → ia: send the requests of the probe'],
    ]);
    expect(await server.instance('notes:ia')).toMatchObject({ state: 'asleep' });
    const login = await server.get('ia.localhost', '/login', { method: 'POST' });
    const cookie = String(login.headers['set-cookie']?.[0]).split(';')[0] ?? '';
    expect(await server.get('ia.localhost', '/notes', { headers: { cookie } })).toMatchObject({
      status: 200,
      body: '[]',
    });
  });

  it('says what it needs, and for what', async () => {
    const server = running();
    await pair(server, 'notes', ['na', 'nb']);
    const refused = async (...args: string[]) => {
      const { status, stderr } = await server.cli('verify', ...args);
      return [status, stderr.split('\n')[0]];
    };
    expect(await refused('na', 'na')).toEqual([2, expect.stringContaining('cannot be tried against itself')]);
    expect(await refused('na', 'nobody')).toEqual([1, expect.stringContaining('(unknown_tenant)')]);
    expect(await refused('na', 'nb', '--probe', '/nowhere.http')).toEqual([2, expect.stringContaining('ENOENT')]);
    expect(await refused('na', 'nb', '--timeout', 'x')).toEqual([2, expect.stringContaining('--timeout x')]);
    expect(await refused('na', 'nb', '--probe', probeFile(server), '--service', 'open')).toEqual([
      2,
      expect.stringContaining('na has no instance of the service "open"'),
    ]);
    const probe = join(server.dir, 'needs.http');
    writeFileSync(probe, 'GET /?pw={{env.NEVER_SET}}\n');
    expect(await refused('na', 'nb', '--probe', probe)).toEqual([
      2,
      expect.stringContaining('needs the environment variable NEVER_SET or NEVER_SET_NA'),
    ]);
    const remote = await server.cliOverHttp('verify', 'na', 'nb');
    expect(remote).toMatchObject({ status: 2, stderr: expect.stringContaining("on the server's machine") });
  });
});
