import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SYSTEM } from '../../src/core/access/actor.ts';
import type { EventType } from '../../src/core/lifecycle/event-types.ts';
import { newRecord } from '../../src/core/lifecycle/instance.ts';
import { silentLogger } from '../../src/logger.ts';
import { systemClock } from '../../src/node/clock.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { createEventLog } from '../../src/registry/events/events.ts';
import { createRegistry } from '../../src/registry/instances.ts';
import { acquireStateLock } from '../../src/registry/locks/lock.ts';
import { openStateDir } from '../../src/registry/locks/state-dir.ts';
import { MIGRATIONS } from '../../src/registry/migrations.ts';
import { createTenantStore } from '../../src/registry/tenants.ts';

const QUIET = { clock: systemClock, logger: silentLogger() };
const OWN = { env: {}, limits: {} };

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

describe('instances', () => {
  it('survive a reopen, whole', () => {
    const file = join(tempDir(), 'tenement.db');
    const record = {
      ...newRecord('api', 'acme', { env: { PLAN: 'gold' }, limits: { pidsLimit: 20 } }, 1000),
      desired: 'up' as const,
      state: 'ready' as const,
      process: {
        pid: 42,
        startTicks: 7,
        bindSocket: '/run/.tenement-0/api-acme/s',
        publicSocket: '/run/api-acme.sock',
        port: null,
        cgroup: ['/sys/fs/cgroup/t/api.acme'],
        spec: 'x',
      },
      crashes: { crashesMs: [1, 2], probationUntilMs: 3, retryAtMs: 4 },
      storage: { bytes: 5, measuredAtMs: 6, over: true, stopped: true },
      startedAtMs: 2000,
      lastActivityAtMs: 3000,
      restarts: 1,
      wakes: 2,
      lastWakeMs: 41.5,
      requests: 17,
      lastExit: {
        code: null,
        signal: 'SIGKILL',
        reason: 'oom' as const,
        detail: 'too much',
        lastLines: ['bye'],
        atMs: 5,
      },
    };
    const first = openDatabase(file);
    createRegistry(first).save(record, true);
    first.close();
    const second = openDatabase(file);
    onTestFinished(() => second.close());
    expect(createRegistry(second).list()).toEqual([record]);
  });

  it('are replaced by a save and gone after a removal', () => {
    const database = openDatabase(':memory:');
    const registry = createRegistry(database);
    const record = newRecord('api', 'acme', OWN, 1000);
    registry.save(record, true);
    registry.save({ ...record, requests: 5 }, false);
    expect(registry.list()).toMatchObject([{ requests: 5 }]);
    createTenantStore(database).commit({ tenantId: 'acme', removeInstances: ['api'] });
    expect(registry.list()).toEqual([]);
  });
});

describe('the database', () => {
  it('refuses a file that is no database', () => {
    const file = join(tempDir(), 'tenement.db');
    writeFileSync(file, 'this is not a database, though it is long enough to be looked at as one'.repeat(20));
    expect(() => openDatabase(file)).toThrow(expect.objectContaining({ code: 'state_failed' }));
  });

  it('refuses a damaged file', () => {
    const file = join(tempDir(), 'tenement.db');
    const database = openDatabase(file);
    const registry = createRegistry(database);
    for (let index = 0; index < 500; index += 1) registry.save(newRecord('api', `t${index}`, OWN, 1), false);
    database.close();
    const bytes = readFileSync(file);
    for (let page = 4; page * 4096 < bytes.length; page += 1) bytes.fill(0xff, page * 4096, page * 4096 + 16);
    writeFileSync(file, bytes);
    expect(() => openDatabase(file)).toThrow(
      expect.objectContaining({ code: 'state_failed', message: expect.stringContaining('is damaged') }),
    );
  });

  it('reports a full disk, and keeps what was committed', () => {
    const file = join(tempDir(), 'tenement.db');
    const database = openDatabase(file);
    onTestFinished(() => database.close());
    const registry = createRegistry(database);
    database.exec('PRAGMA max_page_count = 20');
    // Only a few, since each waits for the disk.
    const own = { env: { NOTE: 'x'.repeat(200) }, limits: {} };
    const fill = () => {
      for (let index = 0; index < 5000; index += 1) registry.save(newRecord('api', `t${index}`, own, 1), true);
    };
    expect(fill).toThrow(expect.objectContaining({ code: 'state_failed', message: expect.stringContaining('full') }));
    const kept = registry.list().length;
    expect(kept).toBeGreaterThan(10);
    database.exec('PRAGMA max_page_count = 10000');
    registry.save(newRecord('api', 'later', OWN, 1), true);
    expect(registry.list()).toHaveLength(kept + 1);
  });

  it('is migrated from the first version to this one', () => {
    const file = join(tempDir(), 'tenement.db');
    const old = new DatabaseSync(file);
    old.exec(`${MIGRATIONS[0]}; PRAGMA user_version = 1`);
    old.exec(`INSERT INTO instances (service, tenant, env, created_at_ms, desired, state, pid, restarts, wakes, requests)
      VALUES ('api', 'acme', '{}', 1, 'asleep', 'asleep', NULL, 0, 2, 3)`);
    old.close();
    const database = openDatabase(file);
    onTestFinished(() => database.close());
    expect(createRegistry(database).list()).toEqual([{ ...newRecord('api', 'acme', OWN, 1), wakes: 2, requests: 3 }]);
  });

  it('refuses a file that a later tenement wrote', () => {
    const file = join(tempDir(), 'tenement.db');
    const database = openDatabase(file);
    database.exec('PRAGMA user_version = 999');
    database.close();
    expect(() => openDatabase(file)).toThrow(/later version/);
  });
});

describe('events', () => {
  const event = (type: EventType) => ({
    atMs: 1000,
    type,
    instance: 'api:acme' as const,
    message: '',
    data: { a: 1 },
    by: SYSTEM,
  });

  it('are numbered, filtered, and passed to listeners', () => {
    const events = createEventLog(openDatabase(':memory:'), QUIET);
    const heard: string[] = [];
    const end = events.subscribe(({ type }) => heard.push(type));
    events.append(event('spawned'));
    const woke = events.append(event('woke'));
    end();
    events.append({ ...event('slept'), instance: null });
    expect(heard).toEqual(['spawned', 'woke']);
    expect(events.list({ afterSeq: woke.seq }).map(({ type }) => type)).toEqual(['slept']);
    expect(events.list({ instance: 'api:acme' }).map(({ type }) => type)).toEqual(['spawned', 'woke']);
    expect(events.list({ tail: 1 })).toMatchObject([{ type: 'slept', data: { a: 1 } }]);
  });

  it('that cannot be written still reach listeners', () => {
    const database = openDatabase(':memory:');
    const events = createEventLog(database, QUIET);
    const heard: string[] = [];
    events.subscribe(({ type }) => heard.push(type));
    database.exec('PRAGMA query_only = ON');
    events.append(event('woke'));
    expect(heard).toEqual(['woke']);
  });

  it('go on for the others when a listener throws (bug: spawn failed with it, sleep never settled)', () => {
    const events = createEventLog(openDatabase(':memory:'), QUIET);
    const heard: string[] = [];
    events.subscribe(() => {
      throw new Error('the host has a bug');
    });
    events.subscribe(({ type }) => heard.push(type));
    expect(events.append(event('woke'))).toMatchObject({ seq: 1, type: 'woke' });
    expect(heard).toEqual(['woke']);
  });

  it('are bounded', () => {
    const events = createEventLog(openDatabase(':memory:'), { ...QUIET, keep: 20 });
    for (let index = 0; index < 100; index += 1) events.append({ ...event('woke'), message: `e${index}` });
    const kept = events.list({});
    expect(kept.length).toBeLessThanOrEqual(22);
    expect(kept.at(-1)?.message).toBe('e99');
  });
});

describe('the state directory', () => {
  it('is private to its owner, even if it was not before', () => {
    const dir = join(tempDir(), '.tenement');
    openStateDir(dir);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it('is no symbolic link', () => {
    const dir = tempDir();
    symlinkSync(dir, join(dir, 'link'));
    expect(() => openStateDir(join(dir, 'link'))).toThrow(expect.objectContaining({ code: 'state_failed' }));
  });

  it('has one server; the lock of one that was killed is free', async () => {
    const dir = tempDir();
    const server = await startHolder(dir, 'acquireStateLock(dir);');
    expect(() => acquireStateLock(dir)).toThrow(new RegExp(`pid ${server.pid} already serves`));
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
    acquireStateLock(dir).release();
  });

  it("stays locked when the server's lock object is collected", async () => {
    const dir = tempDir();
    await startHolder(dir, 'acquireStateLock(dir); gc();');
    expect(() => acquireStateLock(dir)).toThrow('already serves');
  });
});

/** A process that runs `program` on `dir`, and stays. */
async function startHolder(dir: string, program: string) {
  const lockModule = fileURLToPath(new URL('../../src/registry/locks/lock.ts', import.meta.url));
  const script = `import { acquireStateLock } from ${JSON.stringify(lockModule)};
    const dir = ${JSON.stringify(dir)};
    ${program}
    console.log('done'); setInterval(() => {}, 1000);`;
  const args = ['--expose-gc', '--input-type=module-typescript', '-e', script];
  const holder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  return holder;
}
