import { expect, it } from 'vitest';
import { type ContainerOptions, containerSpec } from '../../../src/process/runsc/spec.ts';

const OPTIONS: ContainerOptions = {
  words: ['node', 'app.js'],
  env: { HOME: '/data/acme' },
  cwd: '/app',
  user: { uid: 200_000, gid: 200_000 },
  hostname: 'acme',
  nofileLimit: null,
  layers: { hidden: [], shown: [], hiddenAgain: [], writable: ['/data/acme'], hiddenFiles: [] },
  readOnlyPaths: null,
  emptyDir: '/state/empty',
  emptyFile: '/state/nothing',
};

interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options?: readonly string[];
}

function specOf(change: Partial<ContainerOptions> = {}) {
  return containerSpec({ ...OPTIONS, ...change }) as {
    readonly root: object;
    readonly process: { readonly user: object; readonly capabilities: object; readonly rlimits: readonly object[] };
    readonly mounts: readonly Mount[];
  };
}

function mountsOf(layers: Partial<ContainerOptions['layers']>, change: Partial<ContainerOptions> = {}) {
  const { mounts } = specOf({ layers: { ...OPTIONS.layers, ...layers }, ...change });
  return mounts.map(({ destination, type, source, options = [] }) =>
    [destination, type === 'bind' ? source : type, options.at(-1)].join(' '),
  );
}

it('has the host read-only, and no right of root', () => {
  const { root, process } = specOf();
  expect(root).toEqual({ path: '/', readonly: true });
  expect(process).toMatchObject({ user: OPTIONS.user, args: OPTIONS.words, noNewPrivileges: true });
  expect(Object.values(process.capabilities).flat()).toEqual([]);
});

it('has an empty root where the paths that it sees are listed', () => {
  expect(specOf({ readOnlyPaths: ['/usr'] }).root).toEqual({ path: '/state/empty', readonly: true });
  expect(mountsOf({}, { readOnlyPaths: ['/usr'] })).toContain('/usr /usr ro');
});

it('shows what is hidden as empty, what is shown read-only, and lets it write its own', () => {
  const layers = { hidden: ['/home'], shown: ['/home/me/app'], hiddenAgain: ['/home/me/app/data'] };
  const mounts = mountsOf({ ...layers, hiddenFiles: ['/etc/tenement.toml'] });
  expect(mounts).toEqual([
    '/proc proc ',
    '/sys sysfs ',
    '/dev/shm tmpfs mode=1777',
    '/home tmpfs ro',
    '/home/me/app /home/me/app ro',
    '/home/me/app/data tmpfs ro',
    '/data/acme /data/acme rw',
    '/etc/tenement.toml /state/nothing ro',
  ]);
});

it('mounts once at one place, what lies above the rest', () => {
  expect(mountsOf({ hidden: ['/tmp'], shown: ['/tmp'] }).filter((mount) => mount.startsWith('/tmp'))).toEqual([
    '/tmp /tmp ro',
  ]);
});

it("has nothing of the host's /proc, /sys and /dev", () => {
  const mounts = mountsOf(
    { hidden: ['/sys/fs/cgroup'] },
    { readOnlyPaths: ['/dev', '/proc', '/sys/kernel', '/device'] },
  );
  expect(mounts).toEqual([
    '/proc proc ',
    '/sys sysfs ',
    '/dev/shm tmpfs mode=1777',
    '/device /device ro',
    '/data/acme /data/acme rw',
  ]);
});

it('limits open files inside, since what runs it opens more', () => {
  expect(specOf({ nofileLimit: 100 }).process.rlimits).toEqual([{ type: 'RLIMIT_NOFILE', hard: 100, soft: 100 }]);
  expect(specOf().process.rlimits).toEqual([]);
});
