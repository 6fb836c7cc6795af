/** Files that a hostile tenant might try to own: the host's own, and some beside its data. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const OF_THE_HOST = ['/etc', '/etc/shadow', '/etc/passwd', '/etc/ssl'];

export class Victims {
  private readonly paths: readonly string[];
  private readonly before: readonly string[];

  constructor(dir: string) {
    const own = join(dir, 'victim');
    mkdirSync(own);
    writeFileSync(join(own, 'shadow'), 'secret');
    this.paths = [...OF_THE_HOST, own, join(own, 'shadow')];
    this.before = this.paths.map(look);
  }

  /** Returns files that have another owner or mode now, in words. */
  changed(): string[] {
    return this.paths.flatMap((path, index) => {
      const [was, is] = [this.before[index], look(path)];
      return was === is ? [] : [`${path} is ${is} now, and was ${was}`];
    });
  }
}

function look(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? 'gone' : `${found.uid}:${found.gid} ${found.mode.toString(8)}`;
}
