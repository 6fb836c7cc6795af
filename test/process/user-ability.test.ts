import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ServiceConfig } from '../../src/core/service.ts';
import { assertUsers, whyNoUsers } from '../../src/process/user-ability.ts';
import { makeDir } from './support.ts';

const isRoot = process.getuid?.() === 0;
const MODULE = new URL('../../src/process/user-ability.ts', import.meta.url).href;
const RANGE = [200_000, 265_535] as const;

const service = (user: ServiceConfig['user'], workdir = '/') =>
  ({ name: 'app', isolation: 'namespace', user, workdir }) as ServiceConfig;

it("asks nothing of the host where tenants are the server's user", () => {
  expect(() => assertUsers(service(null), { dataDir: '/root/data', dynamicUids: RANGE })).not.toThrow();
});

it.runIf(isRoot)('finds by trying whether a tenant can have that user', () => {
  expect(whyNoUsers(RANGE)).toBeNull();
  // Root of a user namespace that has no other user, as in many a container.
  const code = `import('${MODULE}').then(({ whyNoUsers }) => console.log(whyNoUsers([200000, 265535])))`;
  const { stdout } = spawnSync('unshare', ['-Ur', process.execPath, '-e', code], { encoding: 'utf8' });
  expect(stdout.trim()).toBe('no directory can be given to user 200000 (EINVAL)');
});

it.skipIf(isRoot)('takes root', () => {
  for (const user of ['dynamic', 'root'] as const)
    expect(() => assertUsers(service(user), { dataDir: '/srv/data', dynamicUids: RANGE })).toThrow(/root/);
});

it.runIf(isRoot)("says which directory keeps tenants' users out, and the ways out", () => {
  const closed = join(makeDir(), 'closed');
  mkdirSync(closed, { mode: 0o700 });
  const open = makeDir();
  chmodSync(open, 0o711);
  for (const [workdir, dataDir, key] of [
    ['/', join(closed, 'data'), 'data_dir'],
    [join(closed, 'app'), join(open, 'data'), 'workdir'],
  ] as const)
    expect(() => assertUsers(service('dynamic', workdir), { dataDir, dynamicUids: RANGE })).toThrow(
      expect.objectContaining({
        code: 'host_cannot',
        message: expect.stringMatching(`may not enter ${closed}, on the way to ${key}`),
        hint: expect.stringMatching(/where other users may pass.*user = "root"/),
      }),
    );
});
