import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DynamicUsers } from '../../src/process/dynamic-user.ts';

const RANGE = [61_000, 61_002] as const;
const isRoot = process.getuid?.() === 0;

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tnm-users-'));
});

afterEach(() => rmSync(dataDir, { recursive: true }));

function give(tenantId: string, uid: number): void {
  mkdirSync(join(dataDir, tenantId));
  chownSync(join(dataDir, tenantId), uid, uid);
}

/** Copies are younger: they wait until the file system's clock has moved. */
async function giveLater(tenantId: string, uid: number, than: string): Promise<void> {
  const before = statSync(join(dataDir, than)).birthtimeMs;
  do {
    rmSync(join(dataDir, tenantId), { recursive: true, force: true });
    give(tenantId, uid);
    await delay(1);
  } while (statSync(join(dataDir, tenantId)).birthtimeMs <= before);
}

describe.skipIf(!isRoot)('users of tenants (skipped unless root)', () => {
  test('a tenant keeps the user that its directory belongs to', () => {
    give('acme', 61_001);
    expect(new DynamicUsers(dataDir).ownerFor('acme', RANGE)).toEqual({ uid: 61_001, gid: 61_001 });
  });

  test('a new tenant gets the first that no directory belongs to', () => {
    give('acme', 61_000);
    expect(new DynamicUsers(dataDir).ownerFor('new', RANGE).uid).toBe(61_001);
  });

  test('when none is left it says so', () => {
    for (const uid of [61_000, 61_001, 61_002]) give(`t${uid}`, uid);
    expect(() => new DynamicUsers(dataDir).ownerFor('new', RANGE)).toThrow('61000-61002) are taken');
  });

  test('a copy of a directory does not run as the user of the original, which goes on', async () => {
    give('acme', 61_000);
    await giveLater('copy', 61_000, 'acme');
    const users = new DynamicUsers(dataDir);
    expect(() => users.ownerFor('copy', RANGE)).toThrow(/belongs to user 61000, as acme does/);
    expect(users.ownerFor('acme', RANGE).uid).toBe(61_000);
  });

  test('a copy that was made while the original runs is noticed, and given to root gets a user of its own', async () => {
    const users = new DynamicUsers(dataDir);
    give('acme', 61_000);
    users.ownerFor('acme', RANGE);
    await giveLater('copy', 61_000, 'acme');
    expect(() => users.ownerFor('copy', RANGE)).toThrow('chown -R root');
    chownSync(join(dataDir, 'copy'), 0, 0);
    expect(users.ownerFor('copy', RANGE).uid).toBe(61_001);
  });
});
