/** Tenants that are backed up and restored by restic: under load, and by servers that are killed in the midst of it. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isRoot, leftovers, numbersIn, secretsOf, setSecret, tenantOf, write } from '../archive-support.ts';
import { backups, newPlace, serveWithBackups, skipsRestic, unsettled } from '../backup-support.ts';
import { constantLoad } from '../constant-load.ts';
import { serve } from '../support.ts';

describe.skipIf(skipsRestic)('backups (apt-get install restic)', () => {
  it('a tenant under write load is backed up and restored: no request fails, and no acknowledged write is missing', async () => {
    const server = await serveWithBackups(newPlace());
    const dir = await tenantOf(server, 'busy');
    const uid = statSync(dir).uid;
    let next = 0;
    const acknowledged: number[] = [];
    const load = constantLoad(4, async () => {
      next += 1;
      const n = next;
      const answer = await write(server, 'busy', n);
      if (answer.status === 201) acknowledged.push(n);
      return answer;
    });
    await load.more(40);
    const before = [...acknowledged];
    expect(await server.cli('backup', 'busy')).toMatchObject({ status: 0 });
    await load.more(40);
    const beforeRestore = [...acknowledged];
    expect(await server.cli('restore', 'busy', '--id', 'copy', '--no-start')).toMatchObject({ status: 0 });
    const restored = await server.cli('restore', 'busy');
    expect(restored).toMatchObject({ status: 0, stdout: expect.stringContaining('kept as') });
    await load.more(40);
    const { answers, failures } = await load.end();
    expect(failures).toEqual([]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const missing = (name: string, wanted: readonly number[]) => {
      const there = new Set(numbersIn(join(server.dataDir, name)));
      return wanted.filter((n) => !there.has(n));
    };
    expect(missing('copy', before)).toEqual([]);
    expect(missing('busy', before)).toEqual([]);
    // What was there is whole, with all that was written until the swap.
    expect(missing('busy.before-restore', beforeRestore)).toEqual([]);
    expect(statSync(dir).uid).toBe(uid);
    if (isRoot) expect(statSync(join(server.dataDir, 'copy')).uid).not.toBe(uid);
    // The kept directory is no other tenant that has the same user.
    expect(await server.cli('restart', 'app:busy')).toMatchObject({ status: 0 });
    expect(await server.cli('restore', 'busy')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('(already_exists)'),
    });
    expect(await server.cli('restore', 'busy', '--discard')).toMatchObject({ status: 0 });
    expect(existsSync(join(server.dataDir, 'busy.before-restore'))).toBe(false);
    expect([...leftovers(server), ...unsettled(server)]).toEqual([]);
  });

  it('a tenant that wrote nothing since its backup is not read, until it wakes, or somebody insists', async () => {
    const server = await serveWithBackups(newPlace());
    await tenantOf(server, 'acme', 1);
    await tenantOf(server, 'globex', 1);
    await server.cli('sleep', 'app:acme');
    await server.event('app:acme', 'slept');
    expect((await server.cli('backup')).stdout).toContain('2 tenants: 2 backed up, 0 unchanged, 0 failed');
    const again = await server.cli('backup');
    expect(again.stdout).toMatch(/^acme: unchanged since its backup/m);
    expect(again.stdout).toMatch(/^globex: backed up/m);
    expect((await server.cli('backup', 'acme', '--force')).stdout).toMatch(/^acme: backed up/);
    expect((await server.cli('backup', 'acme')).stdout).toMatch(/^acme: unchanged/);
    // The next server knows it, too.
    await server.stop();
    await server.start();
    expect((await server.cli('backup', 'acme')).stdout).toMatch(/^acme: unchanged/);
    await server.cli('tenant', 'set', 'acme', '--label', 'a=b');
    expect((await server.cli('backup', 'acme')).stdout).toMatch(/^acme: backed up/);
    await write(server, 'acme', 2);
    await server.cli('sleep', 'app:acme');
    expect((await server.cli('backup', 'acme')).stdout).toMatch(/^acme: backed up/);
  });

  it('the backup of a certain time is restored, and a tenant that was deleted comes back with its terms and secrets', async () => {
    const place = newPlace();
    const server = await serveWithBackups(place);
    await tenantOf(server, 'acme', 1);
    await setSecret(server, 'acme', 'API_KEY', 'never-in-clear');
    await server.cli('backup', 'acme');
    const [first] = await backups(server, 'acme');
    // restic keeps whole seconds apart.
    await delay(1100);
    await write(server, 'acme', 2);
    await server.cli('backup', 'acme');
    expect(await server.cli('restore', 'acme', '--id', 'then', '--at', first?.at ?? '')).toMatchObject({ status: 0 });
    expect(numbersIn(join(server.dataDir, 'then'))).toEqual([1]);
    expect(await server.cli('restore', 'acme', '--at', '2020-01-01T00:00:00Z', '--id', 'none')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('(unknown_backup)'),
    });
    const stolen = execFileSync('restic', ['dump', first?.id ?? '', '/acme.tar'], {
      env: {
        ...process.env,
        RESTIC_REPOSITORY: join(place, 'repository'),
        RESTIC_PASSWORD_FILE: join(place, 'password'),
        RESTIC_CACHE_DIR: join(place, 'cache'),
      },
    });
    expect(stolen.includes('API_KEY')).toBe(true);
    expect(stolen.includes('never-in-clear')).toBe(false);

    await server.cli('restore', 'acme');
    await server.cli('domain', 'add', 'acme', 'shop.example');
    await server.cli('backup', 'acme');
    await server.cli('tenant', 'rm', 'acme', '--purge', '--yes');
    expect(readdirSync(server.dataDir).filter((name) => name.startsWith('acme'))).toEqual([]);
    expect(await server.cli('restore', 'acme')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('acme restored'),
    });
    expect(numbersIn(join(server.dataDir, 'acme'))).toEqual([1, 2]);
    const view = JSON.parse((await server.api('/api/tenants/acme')).body);
    const terms = { labels: { region: 'eu' }, variables: ['COLOUR'], domains: ['shop.example'] };
    expect(view).toMatchObject({ state: 'active', ...terms });
    for (const id of ['acme', 'then']) expect(await secretsOf(server, id)).toEqual(['API_KEY']);
    expect((await write(server, 'acme', 3)).status).toBe(201);
  });

  it('another server restores all tenants from the repository alone', async () => {
    const place = newPlace();
    const server = await serveWithBackups(place);
    await tenantOf(server, 'acme', 1);
    await tenantOf(server, 'globex', 2);
    await server.cli('backup');
    await server.stop();
    const other = await serve(
      readFileSync(server.configFile, 'utf8')
        .replace(/^\[settings\]\ndata_dir = .*\n/, '')
        .replace('"here"', '"there"'),
    );
    const listed: { tenant: string }[] = JSON.parse((await other.cli('backup', 'ls', '--json')).stdout);
    for (const { tenant } of listed) expect(await other.cli('restore', tenant)).toMatchObject({ status: 0 });
    expect(numbersIn(join(other.dataDir, 'acme'))).toEqual([1]);
    expect((await write(other, 'globex', 3)).status).toBe(201);
  });

  it('the schedule backs tenants up, deletes old backups, and says so when the repository is gone', async () => {
    const place = newPlace();
    const server = await serveWithBackups(place, 'schedule = "*/2 * * * * *"\nkeep = { last = 1 }');
    await tenantOf(server, 'acme', 1);
    await expect
      .poll(async () => (await server.cli('events', '--json')).stdout, { timeout: 60_000 })
      .toContain('backed-up');
    await expect.poll(() => server.stderr, { timeout: 60_000 }).toContain('the scheduled backup is over');
    await write(server, 'acme', 2);
    renameSync(join(place, 'repository'), join(place, 'away'));
    await expect
      .poll(async () => (await server.cli('events', '--json')).stdout, { timeout: 60_000 })
      .toContain('backup-failed');
    expect(existsSync(join(place, 'repository'))).toBe(false);
    renameSync(join(place, 'away'), join(place, 'repository'));
    const failed = async () =>
      Number(/tenement_backup_tenants\{state="ok"\} (\d)/.exec((await server.api('/metrics')).body)?.[1]);
    await expect.poll(failed, { timeout: 60_000 }).toBe(1);
  });

  describe('a server that is killed', () => {
    /** After so many ms; the operations take some seconds. */
    const MOMENTS = [50, 500, 1200, 2000];
    const PATIENCE_MS = 240_000;

    it('in the midst of a backup leaves no half one, and the next backup is not in its way', {
      timeout: PATIENCE_MS,
    }, async () => {
      const server = await serveWithBackups(newPlace());
      const dir = await tenantOf(server, 'acme', 1, 2, 3);
      await server.cli('backup', 'acme');
      for (const ms of MOMENTS) {
        writeFileSync(join(dir, 'random'), randomBytes(24 * 1024 ** 2));
        const asked = server.cli('backup', 'acme');
        await delay(ms);
        await server.stop('SIGKILL');
        await asked;
        await server.start();
        expect(leftovers(server)).toEqual([]);
        expect((await server.get('acme.localhost')).status).toBe(200);
        expect((await server.api('/api/tenants/acme')).body).toContain('"operation":null');
      }
      // Every backup that is listed is whole.
      for (const { at } of await backups(server, 'acme')) {
        expect(await server.cli('restore', 'acme', '--at', at, '--id', 'check', '--no-start')).toMatchObject({
          status: 0,
        });
        expect(numbersIn(join(server.dataDir, 'check'))).toEqual([1, 2, 3]);
        await server.cli('tenant', 'rm', 'check', '--purge', '--yes');
      }
    });

    it('in the midst of a restore leaves the tenant as it was, or restored', { timeout: PATIENCE_MS }, async () => {
      const server = await serveWithBackups(newPlace());
      const dir = await tenantOf(server, 'acme', 1);
      mkdirSync(join(dir, 'many'));
      for (let n = 0; n < 300; n += 1) writeFileSync(join(dir, 'many', `${n}`), randomBytes(32 * 1024));
      if (isRoot) execFileSync('chown', ['-R', `--reference=${dir}`, dir]);
      await server.cli('backup', 'acme');
      await write(server, 'acme', 2);
      for (const ms of [...MOMENTS, 1500, 2000]) {
        const asked = server.cli('restore', 'acme');
        await delay(ms);
        await server.stop('SIGKILL');
        await asked;
        await server.start();
        expect([...leftovers(server), ...unsettled(server)]).toEqual([]);
        const isRestored = existsSync(join(server.dataDir, 'acme.before-restore'));
        expect((await server.get('acme.localhost')).status).toBe(200);
        expect(numbersIn(dir)).toEqual(isRestored ? [1] : [1, 2]);
        expect(readdirSync(join(dir, 'many'))).toHaveLength(300);
        expect((await server.api('/api/tenants/acme')).body).toContain('"operation":null');
        if (!isRestored) continue;
        await server.cli('restore', 'acme', '--discard');
        await write(server, 'acme', 2);
      }
    });
  });
});
