/** When tokens were last used: noted in memory, and written later, so that no request waits for it. */
import type { Clock } from '../../core/ports.ts';
import type { Logger } from '../../logger.ts';
import { type Database, transaction } from '../database.ts';

/** A token's uses within this time of the last one that was noted are not noted. */
const RESOLUTION_MS = 60_000;
const WRITE_AFTER_MS = 1000;
/** The registry is locked, or cannot be written: there is no hurry. */
const RETRY_MS = 10_000;

export class TokenUse {
  private readonly write: (uses: ReadonlyMap<string, number>) => void;
  private readonly clock: Clock;
  private readonly logger: Logger;
  /** Token → its last use that was noted since the server started. */
  private readonly noted = new Map<string, number>();
  private unwritten = new Map<string, number>();
  private cancel: (() => void) | null = null;

  constructor(database: Database, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    const update = database.prepare('UPDATE tokens SET last_used_at_ms = ? WHERE id = ?');
    this.write = (uses) => {
      transaction(database, () => uses.forEach((atMs, id) => void update.run(atMs, id)));
    };
    this.clock = clock;
    this.logger = logger;
  }

  /** @param storedMs what the registry has */
  note(id: string, storedMs: number | null): void {
    const nowMs = this.clock.nowMs();
    const lastMs = this.lastOf(id, storedMs);
    // A clock that was set back is believed at once.
    if (lastMs !== null && nowMs >= lastMs && nowMs - lastMs < RESOLUTION_MS) return;
    this.noted.set(id, nowMs);
    this.unwritten.set(id, nowMs);
    this.cancel ??= this.clock.after(WRITE_AFTER_MS, () => this.flush());
  }

  lastOf(id: string, storedMs: number | null): number | null {
    return this.noted.get(id) ?? storedMs;
  }

  forget(id: string): void {
    this.noted.delete(id);
    this.unwritten.delete(id);
  }

  /** Writes what is left. Nothing may be noted any more. */
  close(): void {
    this.flush();
    this.cancel?.();
  }

  private flush(): void {
    this.cancel?.();
    this.cancel = null;
    if (this.unwritten.size === 0) return;
    try {
      this.write(this.unwritten);
      this.unwritten = new Map();
    } catch (error) {
      this.logger.debug({ err: error }, 'last uses of tokens not written yet');
      this.cancel = this.clock.after(RETRY_MS, () => this.flush());
    }
  }
}
