/** Files of other tenants and of the machine. */
import { lstatSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Attempt, by } from '../attempt.ts';
import { startWithOwnLibrary } from '../choreography/library.ts';
import {
  purgeThroughLink,
  restartWhileTmpIsSwapped,
  restartWithLinkedTmp,
  startWhileTmpIsSwapped,
} from '../choreography/links.ts';
import { readAsTwin } from '../choreography/twin.ts';
import { type Scene, VICTIM_SECRET } from '../scene.ts';
import { CGROUPS, HOST_NETWORK, OPEN_FILE, SAME_USER, SHARED_TMP, SOCKET_DIR } from './reasons.ts';

const secretFile = (scene: Scene) => {
  const path = join(scene.victimDir, 'secret.txt');
  // A missing path would be denied for the wrong reason.
  lstatSync(path);
  return { path, secret: scene.secret };
};

const victimSecret = (scene: Scene) => {
  const path = join(scene.secretsDir, VICTIM_SECRET);
  lstatSync(path);
  return { path, secret: scene.secret };
};

const existing = (path: string) => {
  lstatSync(path);
  return { path };
};

const asRoot = { process: SAME_USER };

/** The target of the race is the same as in a namespace. */
const SLOW_TO_START = { 'sandbox, no network': 'a sandbox starts too slowly for so many starts' };
const NO_TMP = 'there is no /tmp of its own';

const OF_OTHERS: readonly Attempt[] = [
  { what: "read another tenant's file", tryIt: by('read-file', secretFile), worksAt: asRoot },
  {
    what: "list another tenant's directory",
    tryIt: by('list-directory', (scene) => ({ ...existing(scene.victimDir), secret: 'secret.txt' })),
    worksAt: asRoot,
  },
  {
    what: "write into another tenant's directory",
    tryIt: by('write-file', (scene) => ({ path: scene.plant(scene.victimDir) })),
    worksAt: asRoot,
  },
  {
    what: "read another tenant's file through a symbolic link",
    tryIt: by('read-by-symlink', secretFile),
    worksAt: asRoot,
  },
  {
    what: "read another tenant's file through a hard link",
    tryIt: by('read-by-hard-link', secretFile),
    worksAt: asRoot,
  },
  {
    what: "read another tenant's file through /proc/PID/root",
    tryIt: by('read-by-proc-root', (scene) => ({ ...secretFile(scene), pid: scene.pidOf('app', 'victim') })),
    worksAt: asRoot,
  },
  {
    what: "read another tenant's file as a tenant whose directory is a copy of it (cp -a)",
    tryIt: readAsTwin,
    worksAt: asRoot,
  },
  { what: "read another tenant's secret", tryIt: by('read-file', victimSecret), worksAt: asRoot },
  {
    what: "list another tenant's secrets",
    tryIt: by('list-directory', (scene) => ({ ...existing(scene.secretsDir), secret: VICTIM_SECRET })),
    worksAt: asRoot,
  },
  {
    what: "write among another tenant's secrets",
    tryIt: by('write-file', (scene) => ({ path: scene.plant(scene.secretsDir) })),
    worksAt: asRoot,
  },
  {
    what: "read another tenant's secret through a symbolic link",
    tryIt: by('read-by-symlink', victimSecret),
    worksAt: asRoot,
  },
  {
    what: "read another tenant's secret through /proc/PID/root",
    tryIt: by('read-by-proc-root', (scene) => ({ ...victimSecret(scene), pid: scene.pidOf('app', 'victim') })),
    worksAt: asRoot,
  },
  {
    what: 'read the key that secrets are encrypted with',
    tryIt: by('read-file', (scene) => existing(join(scene.stateDir, 'secrets.key'))),
    worksAt: asRoot,
  },
  {
    what: 'list the tenants in data_dir',
    tryIt: by('list-directory', (scene) => ({ ...existing(scene.server.dataDir), secret: 'victim' })),
    worksAt: asRoot,
  },
  {
    what: 'list the tenants by their public sockets',
    tryIt: by('list-directory', (scene) => ({ ...existing(dirname(scene.publicSocket)), secret: 'victim' })),
    worksAt: { ...asRoot, 'process + user': SOCKET_DIR },
  },
  {
    what: 'list the tenants in /proc/net/unix',
    tryIt: by('read-file', () => ({ path: '/proc/net/unix', secret: 'app-victim' })),
    worksAt: { ...asRoot, 'process + user': HOST_NETWORK, namespace: HOST_NETWORK },
  },
  {
    what: 'list the tenants by their cgroups',
    tryIt: by('list-directory', ({ victimCgroup }) => {
      if (victimCgroup === null) throw new Error('the victim has no cgroup');
      return { ...existing(dirname(victimCgroup)), secret: 'victim' };
    }),
    worksAt: { ...asRoot, 'process + user': CGROUPS },
    cap: 'pids_limit',
  },
  {
    what: 'make tenement change what a link in place of its .tmp leads to',
    tryIt: restartWithLinkedTmp,
    worksAt: {},
  },
  {
    what: 'make tenement do that by swapping its .tmp and the link by turns',
    tryIt: restartWhileTmpIsSwapped,
    worksAt: {},
    pointlessAt: { process: 'the tenant is root already', ...SLOW_TO_START },
  },
  {
    what: 'get a directory of the host as its /tmp by swapping them by turns',
    tryIt: startWhileTmpIsSwapped,
    worksAt: {},
    pointlessAt: { process: NO_TMP, 'process + user': NO_TMP, ...SLOW_TO_START },
  },
  { what: 'make `rm --purge` follow a link', tryIt: purgeThroughLink, worksAt: {} },
];

const OF_TENEMENT: readonly Attempt[] = [
  ...['tenement.db', 'admin.token', 'logs/app/victim.log'].map((name) => ({
    what: `read tenement's ${name.replace('logs/app/victim.log', "log of another tenant's output")}`,
    tryIt: by('read-file', (scene) => existing(join(scene.stateDir, name))),
    worksAt: asRoot,
  })),
  {
    what: "read tenement's configuration, mode 0600",
    tryIt: by('read-file', ({ server }) => existing(server.configFile)),
    worksAt: asRoot,
  },
  {
    what: "list tenement's state directory",
    tryIt: by('list-directory', (scene) => ({ ...existing(scene.stateDir), secret: 'admin.token' })),
    worksAt: asRoot,
  },
  {
    what: "read another tenant's output as it is printed",
    tryIt: by('open-fifo', (scene) => existing(join(scene.stateDir, 'output/app-victim.out'))),
    worksAt: asRoot,
  },
  {
    what: 'use files and directories that tenement has open',
    tryIt: by('use-inherited-descriptors', () => ({})),
    worksAt: {},
  },
];

const writeInto = (what: string, dir: (scene: Scene) => string, worksAt: Attempt['worksAt']): Attempt => ({
  what: `write into ${what}`,
  tryIt: by('write-file', (scene) => ({ path: scene.plant(dir(scene)) })),
  worksAt,
});

async function belongsToRoot({ server }: Scene): Promise<boolean> {
  const { uid, mode } = statSync(setuidFile(server.dataDir));
  return uid === 0 && (mode & SETUID) !== 0;
}

const setuidFile = (dataDir: string) => join(dataDir, 'hostile/setuid');
const SETUID = 0o4000;

const OF_THE_MACHINE: readonly Attempt[] = [
  {
    what: "leave a setuid program of root's in its directory",
    tryIt: by('leave-setuid', ({ server }) => ({ path: setuidFile(server.dataDir) }), { proof: belongsToRoot }),
    worksAt: asRoot,
  },
  {
    what: 'have its library loaded by what tenement starts it with (LD_LIBRARY_PATH in its directory)',
    tryIt: startWithOwnLibrary,
    worksAt: {},
    pointlessAt: { process: 'the tenant is root already' },
  },
  {
    what: "read root's files (/etc/shadow)",
    tryIt: by('read-file', () => existing('/etc/shadow')),
    worksAt: asRoot,
  },
  {
    what: 'find a mount of the host that is writable',
    tryIt: by('find-writable-mount', () => ({})),
    worksAt: asRoot,
    pointlessAt: {
      'process + user': 'it sees the mounts of the host, and may write where every user may',
      'sandbox, no network': 'it sees mounts of gVisor, not of the host',
    },
  },
  writeInto('/etc', () => '/etc', asRoot),
  writeInto('/usr', () => '/usr', asRoot),
  writeInto("the service's workdir", ({ server }) => join(server.dir, 'app'), asRoot),
  writeInto('data_dir', ({ server }) => server.dataDir, asRoot),
  writeInto('the directory of the public sockets', ({ server }) => join(server.dir, 'tenement'), asRoot),
  writeInto('/tmp', () => '/tmp', { ...asRoot, 'process + user': SHARED_TMP }),
  writeInto('/dev/shm', () => '/dev/shm', { ...asRoot, 'process + user': SHARED_TMP }),
];

/** A tenant of the service whose workdir contains everything, and whose command names files. */
const WIDE = { host: 'hostile.wide.localhost' };

const OF_WIDE: readonly Attempt[] = [
  {
    what: "read another tenant's file where data_dir lies in the workdir",
    tryIt: by('read-file', secretFile, WIDE),
    worksAt: asRoot,
  },
  ...['admin.token', 'tenement.db'].map((name) => ({
    what: `read tenement's ${name} where data_dir lies in the workdir`,
    tryIt: by('read-file', (scene) => existing(join(scene.stateDir, name)), WIDE),
    worksAt: asRoot,
  })),
  {
    what: 'list the tenants where data_dir lies in the workdir',
    tryIt: by('list-directory', (scene) => ({ ...existing(scene.server.dataDir), secret: 'victim' }), WIDE),
    worksAt: asRoot,
  },
  {
    what: 'read the configuration in the workdir',
    tryIt: by('read-file', ({ server }) => existing(server.configFile), WIDE),
    worksAt: asRoot,
  },
  {
    what: 'read a file beside one that its command names, in a directory that is hidden',
    tryIt: by('read-file', ({ bystander }) => existing(bystander.besideNamedFile), WIDE),
    worksAt: { ...asRoot, 'process + user': OPEN_FILE },
  },
];

export const FILES: readonly Attempt[] = [...OF_OTHERS, ...OF_TENEMENT, ...OF_THE_MACHINE, ...OF_WIDE];
