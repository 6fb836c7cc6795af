/** Reports a changed config file once it has settled, because editors write in several steps. */
import { realpath, stat } from 'node:fs/promises';
import { type FSWatcher, watch } from 'chokidar';

const SETTLE_MS = 100;
const POLL_MS = 20;
/**
 * Interval of looks that find changes which no event reports: a symbolic link on the way may lead elsewhere (a
 * ConfigMap of Kubernetes, a `current` that is swapped), and its target may be deleted and created again.
 */
const LOOK_MS = 1000;

export interface ConfigWatch {
  close(): Promise<void>;
}

/**
 * Settles when watching has begun. Calls `onChange` after each change, also when another file replaced the config, or a
 * symbolic link on the way to it changed.
 */
export async function watchConfig(file: string, onChange: () => void): Promise<ConfigWatch> {
  const watching = new Watching(file, onChange);
  await watching.begin();
  return watching;
}

class Watching implements ConfigWatch {
  private readonly file: string;
  private readonly onChange: () => void;
  private watcher: FSWatcher | null = null;
  private looking: NodeJS.Timeout | null = null;
  /** Fingerprint at the last call of `onChange`, or at the beginning. */
  private told: string | null = null;
  private closed = false;

  constructor(file: string, onChange: () => void) {
    this.file = file;
    this.onChange = onChange;
  }

  async begin(): Promise<void> {
    this.told = await fingerprint(this.file);
    await this.watch();
    this.lookLater();
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.looking !== null) clearTimeout(this.looking);
    await this.watcher?.close();
  }

  private async watch(): Promise<void> {
    const watcher = watch(this.file, {
      ignoreInitial: true,
      awaitWriteFinish: { stabilityThreshold: SETTLE_MS, pollInterval: POLL_MS },
    });
    this.watcher = watcher;
    // A file that was moved away and back arrives as `add`.
    for (const event of ['change', 'add'] as const) watcher.on(event, () => void this.changed());
    // Without a watcher, the looks and SIGHUP still reload.
    watcher.on('error', () => {});
    await new Promise<void>((resolve) => watcher.once('ready', resolve));
  }

  private async changed(): Promise<void> {
    const found = await fingerprint(this.file);
    // The watcher and a look may both have seen the same change.
    if (this.closed || (found !== null && found === this.told)) return;
    this.told = found;
    this.onChange();
  }

  private lookLater(delayMs = LOOK_MS): void {
    if (!this.closed) this.looking = setTimeout(() => void this.look(null), delayMs).unref();
  }

  /** @param before fingerprint of a changed file at the previous look; null: there was no change */
  private async look(before: string | null): Promise<void> {
    const found = await fingerprint(this.file);
    if (this.closed) return;
    if (found === null || found === this.told) return this.lookLater();
    if (found !== before) {
      this.looking = setTimeout(() => void this.look(found), SETTLE_MS).unref();
      return;
    }
    // The watcher observes a file that the name does not lead to any more.
    await this.watcher?.close();
    if (this.closed) return;
    await this.watch();
    await this.changed();
    this.lookLater();
  }
}

/** Returns a value that changes with the file, and when another takes its place; null without a file. */
async function fingerprint(file: string): Promise<string | null> {
  try {
    const real = await realpath(file);
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(real);
    return [real, dev, ino, size, mtimeMs, ctimeMs].join(' ');
  } catch {
    return null;
  }
}
