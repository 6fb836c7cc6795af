/** Whether a service's tenants can each have a user of their own here: tried, since a container may have but one user. */
import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ServiceConfig, Settings } from '../core/service.ts';
import { TenementError } from '../errors.ts';
import { closedToOthers } from './dynamic-user.ts';
import { hasSetpriv, userWords } from './wrapper.ts';

const TRY_TIMEOUT_MS = 20_000;

/** User ids that something ran as: to try costs a fork, and each registration asks. */
const tried = new Set<number>();

/** null: they can. */
export function whyNoUsers([uid]: Settings['dynamicUids']): string | null {
  if (process.getuid?.() !== 0) return 'it takes root';
  if (!hasSetpriv) return 'setpriv is not installed (apt-get install util-linux)';
  if (tried.has(uid)) return null;
  const why = whyNoOwner(uid) ?? whyNoProcess(uid);
  if (why === null) tried.add(uid);
  return why;
}

function whyNoOwner(uid: number): string | null {
  const dir = mkdtempSync(join(tmpdir(), 'tenement-'));
  try {
    chownSync(dir, uid, uid);
    return null;
  } catch (error) {
    return `no directory can be given to user ${uid} (${(error as NodeJS.ErrnoException).code})`;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function whyNoProcess(uid: number): string | null {
  const [setpriv = '', ...words] = [...userWords({ uid, gid: uid }), '/bin/true'];
  const { status, stderr } = spawnSync(setpriv, words, { encoding: 'utf8', timeout: TRY_TIMEOUT_MS });
  return status === 0 ? null : (stderr ?? '').trim().split('\n')[0] || 'setpriv failed';
}

const WAY_OUT =
  'Run tenement as root with the capabilities CAP_SETUID, CAP_SETGID and CAP_CHOWN, or leave tenants the server\'s user: user = "root".';

/** @throws {TenementError} `host_cannot` */
export function assertUsers(service: ServiceConfig, settings: Pick<Settings, 'dataDir' | 'dynamicUids'>): void {
  const { name, user } = service;
  if (user === null) return;
  const isRoot = process.getuid?.() === 0;
  if (user === 'root' && isRoot) return;
  const why = user === 'root' ? 'root does not run tenement' : whyNoUsers(settings.dynamicUids);
  const hint = isRoot ? WAY_OUT : 'Run tenement as root, with setpriv (util-linux) installed; or leave `user` out.';
  if (why !== null)
    throw new TenementError('host_cannot', `service.${name}.user = "${user}" cannot be given here: ${why}`, { hint });
  assertPassable(service, settings);
}

/** What the tenants' users have to get to. `data_dir` itself is opened for passing when the first of them starts. */
function assertPassable({ name, isolation, workdir }: ServiceConfig, { dataDir }: Pick<Settings, 'dataDir'>): void {
  const needed: [key: string, path: string][] = [['data_dir', dirname(dataDir)]];
  if (isolation !== 'process' && !workdir.includes('{')) needed.push(['workdir', workdir]);
  for (const [key, path] of needed) {
    const closed = closedToOthers(path);
    if (closed === null) continue;
    const message = `service.${name}.user = "dynamic" cannot be given: tenants' users may not enter ${closed}, on the way to ${key}`;
    throw new TenementError('host_cannot', message, {
      hint: `Keep ${key} where other users may pass, in /srv say, or leave tenants the server's user: user = "root".`,
    });
  }
}
