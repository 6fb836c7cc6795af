/** Tries whether this host can give `isolation = "namespace"`; a kernel or a container may forbid what is installed. */
import { spawnSync } from 'node:child_process';
import { findProgram, userWords } from '../../launch/wrapper.ts';
import type { Owner } from '../../storage/directories.ts';
import { filterWords, NAMESPACES, scratchWords } from '../bubblewrap.ts';
import { FILTER } from '../seccomp/filter-file.ts';

/** An empty bwrap takes milliseconds; a busy machine may take seconds. */
const TRY_TIMEOUT_MS = 20_000;
const TRIAL_BYTES = 4096;

export interface NamespaceUse {
  /**
   * The user that makes the namespaces: the tenant's own, which may have fewer rights than root; null: the server's.
   */
  readonly owner: Owner | null;
  readonly network: 'host' | 'none';
}

/** Successful trials: a trial blocks everything else, and each registration asks. */
const tried = new Set<string>();

/** Returns why namespaces cannot be made; null: they can. */
export function whyNoNamespaces(use: NamespaceUse): string | null {
  const bwrap = findProgram('bwrap');
  if (bwrap === null) return NOT_INSTALLED;
  const key = JSON.stringify([bwrap, use]);
  if (tried.has(key)) return null;
  const [file = '', ...words] = [...userWords(use.owner), bwrap, ...trialWords(use)];
  const options = { input: FILTER ?? '', encoding: 'utf8', timeout: TRY_TIMEOUT_MS, cwd: '/' } as const;
  const { status, stderr } = spawnSync(file, words, options);
  if (status === 0) tried.add(key);
  return status === 0 ? null : (stderr ?? '').trim().split('\n')[0] || 'bwrap failed';
}

function trialWords({ network }: NamespaceUse): string[] {
  return [
    ...['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev'],
    // `--size` needs version 0.7 of bwrap.
    ...scratchWords('/tmp', TRIAL_BYTES),
    ...NAMESPACES,
    ...(network === 'none' ? ['--unshare-net'] : []),
    ...filterWords(FILTER === null ? null : 0),
    ...['--', '/bin/true'],
  ];
}

const NOT_INSTALLED = 'bwrap is not installed';
const PAGE = 'docs/containers.md says how';

/** Patterns of bwrap's messages, and what to do about each. */
const REMEDIES: readonly (readonly [said: RegExp, hint: string])[] = [
  [new RegExp(NOT_INSTALLED), 'Install it: apt-get install bubblewrap'],
  [/unknown option/i, 'Install bubblewrap 0.7 or later'],
  [
    /uid map|gid map/,
    'Give root CAP_SETFCAP, without which it cannot create a user namespace, or give tenants users of their own',
  ],
  [
    /max_\*_namespaces/,
    'Allow user namespaces here: sysctl user.max_user_namespaces is 0, or they are nested too deep',
  ],
  [
    /new namespace|unprivileged/i,
    `Allow user namespaces here: on a host by sysctl (kernel.unprivileged_userns_clone), in a container by its seccomp profile (${PAGE})`,
  ],
  [
    /loopback|RTM_NEWADDR|slave/,
    'Allow bwrap in AppArmor to use a user namespace: sysctl kernel.apparmor_restrict_unprivileged_userns = 0, or a profile for it',
  ],
  [/mount proc/i, `Allow /proc to be mounted here: a container must not mask parts of it (${PAGE})`],
  [/^setpriv: /, "Allow root to change to tenants' users: CAP_SETUID and CAP_SETGID"],
];

/** Returns a sentence without its full stop. */
export function namespaceRemedy(why: string): string {
  return REMEDIES.find(([said]) => said.test(why))?.[1] ?? `Allow bwrap to create namespaces here (${PAGE})`;
}
