import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { DynamicUsers } from '../../../src/process/isolation/dynamic-user.ts';

const RANGE = [61_000, 61_002] as const;
const isRoot = process.getuid?.() === 0;

let dataDir: string;

const makeUsers = () => new DynamicUsers({ dataDir, stateDir: join(dataDir, '.tenement') });

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tnm-users-'));
});

afterEach(() => rmSync(dataDir, { recursive: true }));

function give(tenantId: string, uid: number): void {
  mkdirSync(join(dataDir, tenantId));
  chownSync(join(dataDir, tenantId), uid, uid);
}

/** Makes a younger directory: waits until the file system's clock has advanced. */
async function giveLater(tenantId: string, uid: number, than: string): Promise<void> {
  const before = statSync(join(dataDir, than)).birthtimeMs;
  do {
    rmSync(join(dataDir, tenantId), { recursive: true, force: true });
    give(tenantId, uid);
    await delay(1);
  } while (statSync(join(dataDir, tenantId)).birthtimeMs <= before);
}

describe.skipIf(!isRoot)('users of tenants (skipped unless root)', () => {
  test('are kept by the tenants whose directories belong to them', () => {
    give('acme', 61_001);
    expect(makeUsers().ownerFor('acme', RANGE)).toEqual({ uid: 61_001, gid: 61_001 });
  });

  test('go to new tenants in order, skipping owners of directories', () => {
    give('acme', 61_000);
    expect(makeUsers().ownerFor('new', RANGE).uid).toBe(61_001);
  });

  test('run out with a message', () => {
    for (const uid of [61_000, 61_001, 61_002]) give(`t${uid}`, uid);
    expect(() => makeUsers().ownerFor('new', RANGE)).toThrow('61000-61002) are taken');
  });

  test('never go to a copy of a directory while the original runs', async () => {
    give('acme', 61_000);
    await giveLater('copy', 61_000, 'acme');
    const users = makeUsers();
    expect(() => users.ownerFor('copy', RANGE)).toThrow(/belongs to user 61000, as acme does/);
    expect(users.ownerFor('acme', RANGE).uid).toBe(61_000);
  });

  test('differ for a copy made while the original runs, once it is given to root', async () => {
    const users = makeUsers();
    give('acme', 61_000);
    users.ownerFor('acme', RANGE);
    await giveLater('copy', 61_000, 'acme');
    expect(() => users.ownerFor('copy', RANGE)).toThrow('chown -R root:');
    chownSync(join(dataDir, 'copy'), 0, 0);
    expect(users.ownerFor('copy', RANGE).uid).toBe(61_001);
  });

  test('of purged tenants are reused only after all others, also by the next server', () => {
    const range = [61_000, 61_009] as const;
    fc.assert(
      fc.property(fc.array(fc.constantFrom('spawn', 'purge', 'restart'), { maxLength: 60 }), (steps) => {
        rmSync(dataDir, { recursive: true });
        mkdirSync(dataDir);
        let users = makeUsers();
        const living: [tenantId: string, uid: number][] = [];
        const freed: number[] = [];
        for (const [index, step] of steps.entries()) {
          if (step === 'restart') users = makeUsers();
          else if (step === 'purge') {
            const [tenantId, uid] = living.shift() ?? ['none', 0];
            if (tenantId === 'none') continue;
            rmSync(join(dataDir, tenantId), { recursive: true });
            users.forget(tenantId);
            freed.push(uid);
          } else if (living.length < 10) {
            const tenantId = `t${index}`;
            const { uid } = users.ownerFor(tenantId, range);
            expect(living.map(([, one]) => one)).not.toContain(uid);
            // The user ids freed last are reused last.
            const fresh = 10 - living.length - new Set(freed).size;
            if (fresh > 0) expect(freed).not.toContain(uid);
            else if (freed.length > 1) expect(freed.indexOf(uid)).toBeLessThan(freed.length - 1);
            if (freed.includes(uid)) freed.splice(freed.indexOf(uid), 1);
            give(tenantId, uid);
            living.push([tenantId, uid]);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('with a process, or a directory that is still being deleted, go to nobody', async () => {
    const child = spawn('sleep', ['60'], { uid: 61_000, gid: 61_000, stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child, 'spawn');
    mkdirSync(join(dataDir, '.tenement/trash/acme.1'), { recursive: true });
    chownSync(join(dataDir, '.tenement/trash/acme.1'), 61_001, 61_001);
    expect(makeUsers().ownerFor('new', RANGE).uid).toBe(61_002);
  });

  test('are the same for two services of one tenant that start at once', () => {
    const users = makeUsers();
    expect(users.ownerFor('acme', RANGE)).toEqual(users.ownerFor('acme', RANGE));
  });
});
