import { expect, it } from 'vitest';
import { type ContainerOptions, containerSpec } from '../../../../src/process/isolation/runsc/spec.ts';

const OPTIONS: ContainerOptions = {
  words: ['node', 'app.js'],
  env: { HOME: '/data/acme' },
  cwd: '/app',
  user: { uid: 200_000, gid: 200_000 },
  hostname: 'acme',
  nofileLimit: null,
  layers: [{ kind: 'own', at: '/data/acme', from: '/data/acme' }],
  wholeHost: true,
  bindDir: '/run/x',
  tmpBytes: 4096,
  emptyDir: '/state/empty',
  emptyFile: '/state/nothing',
};

interface ContainerMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options?: readonly string[];
}

function specOf(change: Partial<ContainerOptions> = {}) {
  return containerSpec({ ...OPTIONS, ...change }) as {
    readonly root: object;
    readonly process: { readonly user: object; readonly capabilities: object; readonly rlimits: readonly object[] };
    readonly mounts: readonly ContainerMount[];
  };
}

function mountsOf(layers: ContainerOptions['layers']) {
  return specOf({ layers }).mounts.map(({ destination, type, source, options = [] }) =>
    [destination, type === 'bind' ? source : type, options.at(-1)].join(' '),
  );
}

it('a container has the host read-only, and no capability', () => {
  const { root, process } = specOf();
  expect(root).toEqual({ path: '/', readonly: true });
  expect(process).toMatchObject({ user: OPTIONS.user, args: OPTIONS.words, noNewPrivileges: true });
  expect(Object.values(process.capabilities).flat()).toEqual([]);
});

it('a container has an empty root where its visible paths are listed', () => {
  expect(specOf({ wholeHost: false }).root).toEqual({ path: '/state/empty', readonly: true });
});

it('a container has hidden paths empty, shown paths read-only, and its own paths writable', () => {
  const mounts = mountsOf([
    { kind: 'empty', at: '/home', from: '/home' },
    { kind: 'own', at: '/data/acme', from: '/disk/data/acme' },
    { kind: 'shown', at: '/home/me/app', from: '/home/me/app' },
    { kind: 'blank', at: '/etc/tenement.toml', from: '/etc/tenement.toml' },
  ]);
  expect(mounts).toEqual([
    '/proc proc ',
    '/sys sysfs ',
    '/dev/shm tmpfs mode=1777',
    '/home tmpfs ro',
    '/data/acme /disk/data/acme rw',
    '/home/me/app /home/me/app ro',
    '/etc/tenement.toml /state/nothing ro',
  ]);
});

it("a container has nothing of the host's /proc, /sys and /dev", () => {
  const shown = ['/dev', '/proc', '/sys/kernel', '/device'].map((at) => ({ kind: 'shown' as const, at, from: at }));
  const mounts = mountsOf([{ kind: 'empty', at: '/sys/fs/cgroup', from: '/sys/fs/cgroup' }, ...shown]);
  expect(mounts).toEqual(['/proc proc ', '/sys sysfs ', '/dev/shm tmpfs mode=1777', '/device /device ro']);
});

it('a container limits open files inside, since runsc itself opens more', () => {
  expect(specOf({ nofileLimit: 100 }).process.rlimits).toEqual([{ type: 'RLIMIT_NOFILE', hard: 100, soft: 100 }]);
  expect(specOf().process.rlimits).toEqual([]);
});

it('a container has writable memory of limited size where programs expect it', () => {
  const { mounts } = specOf({ layers: [{ kind: 'scratch', at: '/tmp', from: '/tmp' }] });
  const tmpfs = mounts.filter(({ options }) => options?.includes('size=4096'));
  expect(tmpfs.map(({ destination }) => destination)).toEqual(['/dev/shm', '/tmp']);
});
