/** Where sockets of the host listen, as they were bound. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isWithinAny } from '../../core/service/paths.ts';

/** __SO_ACCEPTCON in the column Flags: it listens (include/linux/net.h). */
const LISTENS = ' 00010000 ';
/** Up to this size the table is read at each start: some 1,500 sockets, 3 ms. */
const SMALL_CHARACTERS = 128 * 1024;
/** How long a larger one is good for. 10,000 sockets take the kernel 15 to 30 ms. */
const KEPT_MS = 30_000;

export class HostSockets {
  /** Directory → the sockets in it: those of tenants lie in few. */
  private byDir: ReadonlyMap<string, readonly string[]> = new Map();
  private readAtMs = Number.NEGATIVE_INFINITY;
  private isSmall = true;

  /** Those that do not lie in `except`. On a system without /proc/net/unix there are none. */
  async listening(except: readonly string[]): Promise<string[]> {
    const ageMs = performance.now() - this.readAtMs;
    if (this.isSmall || ageMs > KEPT_MS) await this.read();
    return [...this.byDir].filter(([dir]) => !isWithinAny(dir, except)).flatMap(([, paths]) => paths);
  }

  private async read(): Promise<void> {
    const table = await readFile('/proc/net/unix', 'latin1').catch(() => '');
    this.byDir = byDirectory(table);
    this.isSmall = table.length <= SMALL_CHARACTERS;
    this.readAtMs = performance.now();
  }
}

/** `table`: the text of /proc/net/unix, whose columns are `Num RefCount Protocol Flags Type St Inode Path`. */
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
