/** `tenement verify`: more ways in which isolation is broken, and other levels. */
import { chmodSync, chownSync, lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { secretsDirsOf } from '../../../src/process/secrets/secret-files.ts';
import { isMissing } from '../fronts.ts';
import { serveAll } from '../support.ts';
import { CONFIG, dirOf, finding, isRoot, lines, pair, probeFile, verify } from '../verify-pairs.ts';

describe.skipIf(!isRoot)('verify', () => {
  const running = serveAll(CONFIG);

  it("says that a port is anybody's where the network is the host's", async () => {
    const server = running();
    await pair(server, 'port', ['pa', 'pb']);
    const outcome = await verify(server, 'pa', 'pb');
    expect(finding(outcome, 'connect to its port', 'port:pa')).toMatchObject({
      result: 'not_separated',
      reason: expect.stringContaining('network = "host"'),
    });
    expect(lines(outcome, 'leak', 'failed')).toEqual([]);
  });

  it.skipIf(isMissing('bwrap'))('sees nothing from inside a namespace', async () => {
    const server = running();
    await pair(server, 'walled', ['wa', 'wb']);
    const outcome = await verify(server, 'wa', 'wb');
    expect(lines(outcome, 'leak', 'not_separated', 'failed')).toEqual([]);
    expect(lines(outcome, 'absent')).toEqual(
      expect.arrayContaining([
        'walled:wa → walled:wb: list its directory',
        'walled:wa → walled:wb: connect to its private sockets',
        'walled:wb → walled:wa: read their environment',
        'walled:wb → tenement: list its state directory',
      ]),
    );
  });

  it('reports tenants that cannot be woken, and leaves them asleep as they were', async () => {
    const server = running();
    await pair(server, 'broken', ['ba', 'bb']);
    const outcome = await verify(server, 'ba', 'bb');
    expect(lines(outcome, 'failed')).toEqual(['tenement → broken:ba: wake it', 'tenement → broken:bb: wake it']);
    expect(outcome.status).toBe(1);
    expect(await server.instance('broken:ba')).toMatchObject({ state: 'asleep', desired: 'asleep' });
  });

  it('notices two tenants with the same user', async () => {
    const server = running();
    await pair(server, 'notes', ['elder', 'younger']);
    for (const id of ['elder', 'younger']) await server.cli('start', `notes:${id}`);
    const { uid } = statSync(dirOf(server, 'elder'));
    for (const name of ['.', ...readdirSync(dirOf(server, 'younger'))])
      chownSync(join(dirOf(server, 'younger'), name), uid, uid);
    const outcome = await verify(server, 'elder', 'younger');
    expect(lines(outcome, 'leak')).toEqual(
      expect.arrayContaining([
        'notes:elder → notes:younger: list its directory',
        'notes:elder → notes:younger: write to its directory',
      ]),
    );
    expect(finding(outcome, 'try from inside', 'notes:younger')).toMatchObject({
      result: 'failed',
      detail: expect.stringContaining('as elder does (is it a copy?)'),
    });
  });

  it("notices processes of one user, which can read each other's environment", async () => {
    const server = running();
    await pair(server, 'notes', ['first', 'second']);
    await server.cli('start', 'notes:first');
    await server.cli('stop', 'notes:first');
    await server.cli('start', 'notes:second');
    const { uid } = statSync(dirOf(server, 'second'));
    for (const name of ['.', ...readdirSync(dirOf(server, 'first'))])
      chownSync(join(dirOf(server, 'first'), name), uid, uid);
    const outcome = await verify(server, 'first', 'second');
    expect(lines(outcome, 'leak')).toEqual(
      expect.arrayContaining([
        'notes:first → notes:second: read their environment',
        'notes:first → notes:second: signal its processes',
        'notes:first → notes:second: read and write their memory (ptrace)',
      ]),
    );
  });

  it('notices a socket that is open to everybody', async () => {
    const server = running();
    await pair(server, 'open', ['sa', 'sb']);
    const outcome = await verify(server, 'sa', 'sb');
    expect(lines(outcome, 'leak')).toContain('open:sa → open:sb: connect to its public socket');
    expect(outcome.status).toBe(1);
  });

  it('notices a file outside of its directory that others can read', async () => {
    const server = running();
    await pair(server, 'ledger', ['la', 'lb']);
    const file = join(server.dir, 'tenement/lb.ledger');
    writeFileSync(file, 'accounts', { mode: 0o600 });
    expect(finding(await verify(server, 'la', 'lb'), 'read its LEDGER', 'ledger:la')).toMatchObject({
      result: 'refused',
    });
    chmodSync(file, 0o644);
    expect(lines(await verify(server, 'la', 'lb'), 'leak')).toEqual(['ledger:la → ledger:lb: read its LEDGER']);
  });

  it("notices tenement's own state and logs where they are readable", async () => {
    const server = running();
    await pair(server, 'notes', ['ga', 'gb']);
    const stateDir = join(server.dataDir, '.tenement');
    const logs = ['logs', 'logs/notes'].map((name) => join(stateDir, name));
    await verify(server, 'ga', 'gb');
    const log = join(stateDir, 'logs/notes/gb.log');
    const changed = [stateDir, ...logs, join(stateDir, 'admin.token'), log];
    const modes = changed.map((path) => lstatSync(path).mode);
    onTestFinished(() => {
      for (const [index, path] of changed.entries()) chmodSync(path, modes[index] ?? 0);
    });
    for (const path of changed) chmodSync(path, 0o755);
    expect(lines(await verify(server, 'ga', 'gb'), 'leak')).toEqual(
      expect.arrayContaining([
        'notes:ga → notes:gb: read its logs',
        'notes:ga → tenement: list its state directory',
        'notes:ga → tenement: read the registry, the admin token, the key',
      ]),
    );
  });

  it('notices secrets that others can read', async () => {
    const server = running();
    await pair(server, 'notes', ['za', 'zb']);
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ value: 'hidden' });
    await server.api('/api/tenants/zb/secrets/STRIPE_KEY', { method: 'PUT', headers, body });
    await server.cli('start', 'notes:zb');
    const [dir = ''] = secretsDirsOf(
      { runtimeDir: join(server.dir, 'tenement'), stateDir: join(server.dataDir, '.tenement') },
      'notes:zb',
    );
    expect(finding(await verify(server, 'za', 'zb'), 'read its secrets', 'notes:za')).toMatchObject({
      result: 'refused',
    });
    chmodSync(join(dir, 'STRIPE_KEY'), 0o444);
    chmodSync(dir, 0o555);
    const outcome = await verify(server, 'za', 'zb');
    expect(lines(outcome, 'leak')).toEqual(['notes:za → notes:zb: read its secrets']);
    expect(JSON.stringify(outcome)).not.toContain('hidden');
  });

  it("notices an application that answers with another tenant's row, and the database that both have", async () => {
    const server = running();
    await pair(server, 'rows', ['ra', 'rb']);
    const outcome = await verify(server, 'ra', 'rb', '--probe', probeFile(server), '--service', 'rows');
    expect(lines(outcome, 'leak')).toEqual([
      "rows:ra → rows:rb: write to the database of its NOTES_DB, which is one's own too",
      "rows:rb → rows:ra: write to the database of its NOTES_DB, which is one's own too",
      "ra → rb: GET /notes/{{note}} at one's own host with its ids",
      "rb → ra: GET /notes/{{note}} at one's own host with its ids",
    ]);
  });

  it('notices an application that believes the tenant in a cookie', async () => {
    const server = running();
    await pair(server, 'cookie', ['ka', 'kb']);
    const outcome = await verify(server, 'ka', 'kb', '--probe', probeFile(server), '--service', 'cookie');
    expect(lines(outcome, 'leak')).toContain("ka → kb: GET /notes at its host with one's own cookies and tokens");
    expect(finding(outcome, "GET /notes at its host with one's own cookies and tokens", 'ka')?.detail).toBe(
      'answered 200 with the canary of ka',
    );
  });

  it('notices a canary that was not removed', async () => {
    const server = running();
    await pair(server, 'keeps', ['xa', 'xb']);
    const outcome = await verify(server, 'xa', 'xb', '--probe', probeFile(server), '--service', 'keeps');
    expect(outcome.status).toBe(1);
    expect(lines(outcome, 'failed')).toEqual([
      expect.stringMatching(/^xa → xa: remove tenement-verify-\w{20}$/),
      expect.stringMatching(/^xb → xb: remove tenement-verify-\w{20}$/),
    ]);
  });

  it("runs nothing of a tenant's in its probe, whatever its variables load", async () => {
    const server = running();
    const evil = join(server.dir, 'evil.cjs');
    const mark = join(server.dir, 'loaded-by');
    writeFileSync(evil, `require('node:fs').appendFileSync(${JSON.stringify(mark)}, process.argv.join(' ') + '\\n')`);
    await pair(server, 'plain', ['good', 'evil']);
    await server.cli('set', 'plain:evil', '--env', `NODE_OPTIONS=--require=${evil}`);
    const outcome = await verify(server, 'good', 'evil');
    expect(lines(outcome, 'not_separated')).toContain('plain:evil → plain:good: list its directory');
    expect(readFileSync(mark, 'utf8').trim().split('\n')).toEqual([expect.stringMatching(/node \S+notes\.mjs$/)]);
  });
});
