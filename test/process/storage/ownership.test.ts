import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { takeOwnership } from '../../../src/process/storage/ownership.ts';
import { makeDir } from '../support.ts';

const OWNER = { uid: 61_000, gid: 61_000 };
const isRoot = process.getuid?.() === 0;

function makeTenant() {
  const dir = makeDir();
  const tenantDir = join(dir, 'data/acme');
  mkdirSync(join(tenantDir, 'a/b'), { recursive: true });
  mkdirSync(join(dir, 'elsewhere'));
  writeFileSync(join(dir, 'elsewhere/shadow'), '');
  writeFileSync(join(tenantDir, 'a/b/f'), '');
  const stateDir = join(dir, 'data/.tenement');
  mkdirSync(stateDir);
  const settings = { stateDir, dynamicUids: [61_000, 61_002] as const };
  return { dir, tenantDir, stateDir, give: (owner: typeof OWNER | null) => takeOwnership(tenantDir, owner, settings) };
}

const ownersOf = (dir: string) => {
  const owners = execFileSync('find', [dir, '-printf', '%U\\n'], { encoding: 'utf8' }).trimEnd().split('\n');
  return [...new Set(owners)].map(Number);
};

/** Exchanges a directory with a link to another repeatedly (renameat2(2), EXCHANGE), as a tenant as root could. */
const EXCHANGE = `import ctypes, sys, time
libc = ctypes.CDLL(None, use_errno=True)
end = time.time() + float(sys.argv[1])
print('runs', flush=True)
while time.time() < end:
    libc.renameat2(-100, b'victim', -100, b'link', 2)
`;

describe.skipIf(!isRoot)('the owner of what a tenant has (skipped unless root)', () => {
  test('becomes the user of its services, for links themselves and not for their targets', async () => {
    const { dir, tenantDir, stateDir, give } = makeTenant();
    symlinkSync('../../elsewhere', join(tenantDir, 'link'));
    symlinkSync('../../../elsewhere/shadow', join(tenantDir, 'a/link'));
    writeFileSync(join(tenantDir, "-rf '\n\x1e0\n"), '');
    await give(OWNER);
    expect(ownersOf(tenantDir)).toEqual([OWNER.uid]);
    expect(ownersOf(join(dir, 'elsewhere'))).toEqual([0]);
    expect(readdirSync(join(stateDir, 'ownership'))).toEqual([]);
  });

  test('becomes root and the same user again, including what root has written meanwhile', async () => {
    const { tenantDir, give } = makeTenant();
    await give(OWNER);
    await give(null);
    expect(ownersOf(tenantDir)).toEqual([0]);
    expect(statSync(tenantDir).gid).toBe(OWNER.gid);
    mkdirSync(join(tenantDir, 'new'));
    await give(OWNER);
    expect(ownersOf(tenantDir)).toEqual([OWNER.uid]);
  });

  test('stays when it is neither root nor the tenant', async () => {
    const { tenantDir, give } = makeTenant();
    chownSync(join(tenantDir, 'a/b/f'), 1000, 1000);
    await give(OWNER);
    expect(lstatSync(join(tenantDir, 'a/b/f')).uid).toBe(1000);
  });

  test('changes without setuid bits, which files lose', async () => {
    const { tenantDir, give } = makeTenant();
    chmodSync(join(tenantDir, 'a/b/f'), 0o6755);
    await give(OWNER);
    expect(lstatSync(join(tenantDir, 'a/b/f')).mode & 0o7777).toBe(0o755);
  });

  test('stays for a whole directory with a device, or a file with other names elsewhere', async () => {
    const { dir, tenantDir, give } = makeTenant();
    linkSync(join(dir, 'elsewhere/shadow'), join(tenantDir, 'a/shadow'));
    await expect(give(OWNER)).rejects.toThrow(
      /cannot be given to user 61000: root's file of inode \d+ has 2 names, 1 of/,
    );
    expect(ownersOf(tenantDir)).toEqual([0]);
    expect(lstatSync(join(dir, 'elsewhere/shadow')).uid).toBe(0);
  });

  test('changes for a file that has all its names in the directory', async () => {
    const { tenantDir, give } = makeTenant();
    linkSync(join(tenantDir, 'a/b/f'), join(tenantDir, 'a/g'));
    await give(OWNER);
    expect(ownersOf(tenantDir)).toEqual([OWNER.uid]);
  });

  test('changes from the beginning after an interruption', async () => {
    const { tenantDir, stateDir, give } = makeTenant();
    await give(OWNER);
    // The state halfway to root.
    chownSync(join(tenantDir, 'a'), 0, 0);
    writeFileSync(join(stateDir, 'ownership/acme'), '');
    await give(OWNER);
    expect(ownersOf(tenantDir)).toEqual([OWNER.uid]);
    expect(existsSync(join(stateDir, 'ownership/acme'))).toBe(false);
  });

  test('changes nothing outside when the tenant swaps a directory for a link meanwhile', async () => {
    const { dir, tenantDir, stateDir } = makeTenant();
    const names = Array.from({ length: 200 }, (_, index) => `f${index}`);
    mkdirSync(join(tenantDir, 'victim'));
    symlinkSync('../../elsewhere', join(tenantDir, 'link'));
    for (const name of names) {
      writeFileSync(join(tenantDir, 'victim', name), '');
      writeFileSync(join(dir, 'elsewhere', name), '');
    }
    const racer = spawn('python3', ['-c', EXCHANGE, '3'], { cwd: tenantDir, stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void racer.kill('SIGKILL'));
    await once(racer.stdout, 'data');
    const ended = once(racer, 'exit');
    const over = new AbortController();
    void ended.then(() => over.abort());
    let tries = 0;
    for (; !over.signal.aborted || tries < 5; tries += 1) {
      // In both directions, repeatedly; chown reports a directory that moves away as a failure.
      const owner = tries % 2 === 0 ? OWNER : null;
      await takeOwnership(tenantDir, owner, { stateDir, dynamicUids: [61_000, 61_002] }).catch(() => {});
    }
    expect(ownersOf(join(dir, 'elsewhere'))).toEqual([0]);
    expect(tries).toBeGreaterThanOrEqual(5);
  });

  test('stays for a directory in which a file system is mounted', async () => {
    const { tenantDir, give } = makeTenant();
    execFileSync('mount', ['-t', 'tmpfs', 'none', join(tenantDir, 'a')]);
    onTestFinished(() => void execFileSync('umount', [join(tenantDir, 'a')]));
    await expect(give(OWNER)).rejects.toThrow(`a file system is mounted at ${join(tenantDir, 'a')}`);
    expect(statSync(tenantDir).uid).toBe(0);
  });
});
