/** Counts the processes of tenants repeatedly, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { programOf, type Tenant } from './tenants.ts';

export interface Found {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly tenantId: string;
  readonly command: string;
}

const LOOK_MS = 200;
const BURIAL_MS = 3000;

/** Lists every process that was started for a tenant of this data directory. */
export function processesOf(dataDir: string): Found[] {
  const found: Found[] = [];
  for (const pid of pids()) {
    const environment = read(`/proc/${pid}/environ`).split('\0');
    if (!environment.some((entry) => entry.startsWith(`DATA_DIR=${dataDir}/`))) continue;
    const [state = '', parent = ''] = statOf(pid);
    const tenantId = environment.find((entry) => entry.startsWith('TENANT_ID='))?.slice('TENANT_ID='.length) ?? '';
    found.push({ pid, parent: Number(parent), state, tenantId, command: commandOf(pid) });
  }
  return found;
}

export function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
}

/**
 * Those that serve: not what they have started, which may look like them for the moment between fork and exec,
 * or while a wrapper script (pyenv's python3) finds the real program.
 */
export function serving(found: readonly Found[], { id, kind }: Tenant): number[] {
  const own = found.filter((one) => one.tenantId === id && one.command.includes(programOf(kind)));
  const pids = new Set(own.map(({ pid }) => pid));
  return own.filter(({ parent }) => !pids.has(parent)).map(({ pid }) => pid);
}

/** Lists zombies that their parent does not reap, though it has had time to. */
export async function zombiesOf(parent: number): Promise<number> {
  const before = new Set(deadChildrenOf(parent));
  await delay(BURIAL_MS);
  return deadChildrenOf(parent).filter((pid) => before.has(pid)).length;
}

function deadChildrenOf(parent: number): number[] {
  return pids().filter((pid) => {
    const [state, itsParent] = statOf(pid);
    return state === 'Z' && Number(itsParent) === parent;
  });
}

/** Watches continuously whether two processes serve one tenant. */
export class Census {
  looks = 0;
  /** Findings of two processes for one tenant. */
  readonly twice: string[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor(dataDir: string, tenants: readonly Tenant[]) {
    this.timer = setInterval(() => this.look(processesOf(dataDir), tenants), LOOK_MS);
  }

  end(): void {
    clearInterval(this.timer);
  }

  private look(found: readonly Found[], tenants: readonly Tenant[]): void {
    this.looks += 1;
    for (const tenant of tenants) {
      // One look takes a while: the first process may have ended before the look reached the second.
      const those = serving(found, tenant).filter(isThere);
      if (those.length > 1) this.twice.push(`${tenant.instance}: ${those.join(' and ')}`);
    }
  }
}

function isThere(pid: number): boolean {
  return read(`/proc/${pid}/environ`) !== '';
}

function pids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function statOf(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
