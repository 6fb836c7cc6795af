/** What a host cannot give, where it really cannot: `check` and `serve` say the same, and what to do about it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findProgram } from '../../src/process/launch/wrapper.ts';
import { MAIN } from '../e2e/follower.ts';

const noRoot = process.env['CI'] !== 'true' && process.getuid?.() !== 0;
const hasBubblewrap = process.env['CI'] === 'true' || findProgram('bwrap') !== null;
const hasRunsc = process.env['CI'] === 'true' || findProgram('runsc') !== null;
const firstFreePort = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
const PATIENCE_MS = 60_000;

const NAMESPACE = 'isolation = "namespace"\nuser = "root"';

/** Words before a command, which runs in the directory of the config. */
const PLAIN = ['env'];
const NO_RIGHTS = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'];
const OTHER_USER = ['setpriv', '--reuid=1234', '--regid=1234', '--clear-groups', '--inh-caps=-all'];
const inMountNamespace = (script: string) => ['unshare', '-m', '/bin/sh', '-e', '-c', `${script}\nexec "$@"`, 'sh'];
const readOnly = (path: string) => `mount --bind ${path} ${path}; mount -o remount,bind,ro ${path}`;
const hidden = (program: string) =>
  `for dir in /usr/bin /bin /usr/sbin /sbin /usr/local/bin; do [ ! -e $dir/${program} ] || mount --bind /dev/null $dir/${program}; done`;

interface Case {
  readonly name: string;
  readonly words: readonly string[];
  readonly keys?: string;
  readonly proxyPort?: number;
  readonly message: RegExp;
  readonly hint: RegExp;
  /** Whether this machine has what the case needs. Default: true. */
  readonly has?: boolean;
  /** Changes the owner of the directories. */
  readonly owner?: (dir: string) => void;
}

const give =
  (...names: string[]) =>
  (dir: string) => {
    for (const name of names) chownSync(join(dir, name), 1234, 1234);
  };

/** A directory, a program and a right that are missing. */
export const MAIN_CASES: readonly Case[] = [
  {
    name: 'a data_dir that is read-only (bug: a corrupt registry)',
    words: inMountNamespace(readOnly('data')),
    message: /^settings\.data_dir \(DIR\/data\) cannot be used: DIR\/data is read-only \(state_failed\)$/,
    hint: /^Mount it writable/,
  },
  {
    name: 'bubblewrap that is not installed',
    words: inMountNamespace(hidden('bwrap')),
    keys: NAMESPACE,
    message: /isolation = "namespace" is not possible on this host: bwrap is not installed \(host_cannot\)$/,
    hint: /^Install it: apt-get install bubblewrap; or set isolation = "process"/,
  },
  {
    name: 'limits, where cgroups are read-only (bug: run tenement as root, said to root)',
    words: inMountNamespace(
      'for dir in /sys/fs/cgroup /sys/fs/cgroup/*/; do mount --bind $dir $dir; mount -o remount,bind,ro $dir; done',
    ),
    keys: 'pids_limit = 50',
    message: /^service\.app\.pids_limit cannot be enforced on this host \(host_cannot\)$/,
    hint: /^Cgroups are mounted read-only here: mount them writable at \/sys\/fs\/cgroup .*or leave pids_limit out\.$/,
  },
];

export const OTHER_CASES: readonly Case[] = [
  {
    name: 'a runtime_dir that it may not write (bug: serve was ready)',
    words: OTHER_USER,
    owner: give('data'),
    message:
      /^settings\.runtime_dir \(DIR\/run\) cannot be used: DIR\/run is not writable for user 1234 \(state_failed\)$/,
    hint: /make this one writable/,
  },
  {
    name: 'a runtime_dir that is read-only',
    words: inMountNamespace(readOnly('run')),
    message: /^settings\.runtime_dir .* DIR\/run is read-only \(state_failed\)$/,
    hint: /^Mount it writable/,
  },
  {
    name: 'a data_dir without room',
    words: inMountNamespace('mount -t tmpfs -o size=4k,nr_inodes=1 none data'),
    message: /^settings\.data_dir .* DIR\/data has no free space \(ENOSPC\) \(state_failed\)$/,
    hint: /^Free some/,
  },
  {
    name: 'a data_dir of another user, for root without capabilities',
    words: NO_RIGHTS,
    owner: give('data'),
    message: /^settings\.data_dir .* DIR\/data belongs to user 1234, .* \(no CAP_DAC_OVERRIDE\) \(state_failed\)$/,
    hint: /chown root DIR\/data$/,
  },
  {
    name: "a state directory of another user's",
    words: PLAIN,
    owner: (dir) => {
      mkdirSync(join(dir, 'data/.tenement'));
      give('data/.tenement')(dir);
    },
    message: /^state directory .* belongs to user 1234, and not to user 0, who runs tenement \(state_failed\)$/,
    hint: /chown -R 0 DIR\/data\/\.tenement$/,
  },
  {
    name: "sockets of a service's own that cannot be made",
    words: inMountNamespace(readOnly('other')),
    keys: 'socket = "other/{service}-{id}.sock"',
    message: /^service\.app\.socket \(DIR\/other\) cannot be used: DIR\/other is read-only \(state_failed\)$/,
    hint: /^Mount it writable/,
  },
  {
    name: 'users of their own, without capabilities (bug: check was ok)',
    words: NO_RIGHTS,
    keys: 'user = "dynamic"',
    message: /^service\.app\.user = "dynamic" is not possible here: no directory in .* \(EPERM\) \(host_cannot\)$/,
    hint: /CAP_CHOWN.*user = "root"/,
  },
  {
    name: 'users of their own, for who is not root',
    words: OTHER_USER,
    owner: give('data', 'run'),
    keys: 'user = "dynamic"',
    message: /: it needs root \(host_cannot\)$/,
    hint: /^Run tenement as root, or leave `user` out\.$/,
  },
  {
    name: 'no user namespaces, though bubblewrap is installed (bug: install bubblewrap)',
    words: ['unshare', '-Ur', '/bin/sh', '-c', 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', 'sh'],
    keys: NAMESPACE,
    has: hasBubblewrap,
    message: /bwrap: .*namespaces.* \(host_cannot\)$/,
    hint: /^(?!.*nstall).*user\.max_user_namespaces.*isolation = "process"/,
  },
  {
    name: 'no user namespace for root without capabilities',
    words: NO_RIGHTS,
    keys: NAMESPACE,
    has: hasBubblewrap,
    message: /bwrap: setting up uid map: .* \(host_cannot\)$/,
    hint: /^Give root CAP_SETFCAP/,
  },
  {
    name: 'parts of /proc that are masked, as containers do',
    words: [
      ...inMountNamespace('mount -t tmpfs -o ro none /proc/irq; mount --bind /proc/sys /proc/sys'),
      'setpriv',
      '--bounding-set=-sys_admin',
      '--inh-caps=-all',
    ],
    keys: NAMESPACE,
    has: hasBubblewrap,
    message: /bwrap: Can't mount proc .* \(host_cannot\)$/,
    hint: /^Allow \/proc to be mounted here: a container must not mask parts of it \(docs\/containers\.md/,
  },
  {
    name: 'a sandbox, without the right to make namespaces',
    words: ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-all'],
    keys: 'isolation = "sandbox"\nuser = "root"',
    has: hasRunsc,
    message: /isolation = "sandbox" is not possible on this host: running container.* \(host_cannot\)$/,
    hint: /^(?!.*nstall).*docs\/containers\.md.*isolation = "namespace"/,
  },
  {
    name: 'a port below 1024, for who is not root (bug: serve said to end what listens there)',
    words: OTHER_USER,
    owner: give('data', 'run'),
    proxyPort: 81,
    has: firstFreePort > 81,
    message: /^\[proxy\] listen: port 81 needs root or CAP_NET_BIND_SERVICE \(listen_failed\)$/,
    hint: /^Choose a port from \d+ on/,
  },
];

function prepare({ keys = '', proxyPort = 0, owner = () => {} }: Case): string {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  chmodSync(dir, 0o755);
  for (const name of ['data', 'run', 'other']) mkdirSync(join(dir, name), { mode: 0o755 });
  owner(dir);
  const listeners = '[proxy]\nlisten = "127.0.0.1:PORT"\n[api]\nlisten = "127.0.0.1:0"\n';
  const service = `[service.app]\ncommand = "/bin/sleep 1000"\nworkdir = "/usr"\n${keys}\n`;
  writeFileSync(
    join(dir, 'tenement.toml'),
    `[settings]\nruntime_dir = "run"\n${listeners.replace('PORT', String(proxyPort))}${service}`,
  );
  return dir;
}

/** `check` and `serve` say the same of each case. */
export function restrictedHostCases(cases: readonly Case[]): void {
  describe.skipIf(noRoot)('check and serve report alike what this host does not support (needs root)', () => {
    for (const given of cases)
      it.skipIf(given.has === false)(given.name, () => {
        const dir = prepare(given);
        for (const command of ['check', 'serve']) {
          const [file = '', ...args] = [...given.words, process.execPath, MAIN, command];
          const options = { cwd: dir, encoding: 'utf8', timeout: PATIENCE_MS } as const;
          const { status, stderr } = spawnSync(file, args, options);
          const [first = '', hint = ''] = stderr.replaceAll(dir, 'DIR').split('\n');
          expect([command, status, first.replace(/^tenement: /, '')]).toEqual([
            command,
            1,
            expect.stringMatching(given.message),
          ]);
          expect([command, hint.replace(/^hint: /, '')]).toEqual([command, expect.stringMatching(given.hint)]);
        }
      });
  });
}
