/** Lists the host's listening sockets by the paths that they were bound to. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isWithinAny } from '../../core/service/paths.ts';

/** Value of the column Flags for a listening socket: __SO_ACCEPTCON (include/linux/net.h). */
const LISTENS = ' 00010000 ';
/** A table up to this size, some 1,500 sockets, is read at each start in 3 ms. */
const SMALL_CHARACTERS = 128 * 1024;
/** How long a larger table is cached. The kernel takes 15 to 30 ms for 10,000 sockets. */
const KEPT_MS = 30_000;

export class HostSockets {
  /** Directory → the sockets in it. Sockets of tenants share few directories. */
  private byDir: ReadonlyMap<string, readonly string[]> = new Map();
  private readAtMs = Number.NEGATIVE_INFINITY;
  private isSmall = true;
  private readonly keptMs: number;

  /** @param keptMs how long a table is cached that takes long to read */
  constructor(keptMs = KEPT_MS) {
    this.keptMs = keptMs;
  }

  /** Lists sockets outside of the directories in `except`. Without /proc/net/unix the list is empty. */
  async listening(except: readonly string[]): Promise<string[]> {
    const ageMs = performance.now() - this.readAtMs;
    if (this.isSmall || ageMs > this.keptMs) await this.read();
    return [...this.byDir].filter(([dir]) => !isWithinAny(dir, except)).flatMap(([, paths]) => paths);
  }

  private async read(): Promise<void> {
    const table = await readFile('/proc/net/unix', 'latin1').catch(() => '');
    this.byDir = byDirectory(table);
    this.isSmall = table.length <= SMALL_CHARACTERS;
    this.readAtMs = performance.now();
  }
}

/**
 * Groups sockets by directory. @param table the text of /proc/net/unix, with columns `Num RefCount Protocol Flags Type
 * St Inode Path`
 */
export function byDirectory(table: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of table.split('\n')) {
    const slash = line.indexOf(' /');
    if (slash === -1 || !line.slice(0, slash).includes(LISTENS)) continue;
    const path = line.slice(slash + 1);
    const dir = dirname(path);
    const others = found.get(dir);
    if (others === undefined) found.set(dir, [path]);
    else others.push(path);
  }
  return found;
}
