/** Follows a stream across restarts of the server. */
import { setTimeout as delay } from 'node:timers/promises';
import { toTenementError } from '../../errors.ts';
import type { CliIo } from './io.ts';

const RETRY_MS = 250;

export interface FollowOptions<Item extends { readonly at: string }> {
  /** Opens the entries from `since` (ISO 8601) on, or the requested ones for null; ends when the server does. */
  open(since: string | null): AsyncIterable<Item>;
  show(entry: Item): Promise<void>;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Shows each entry once, until `signal` aborts. @throws {TenementError} when the followed instance is gone */
export async function follow<Item extends { readonly at: string }>(
  options: FollowOptions<Item>,
  io: CliIo,
): Promise<void> {
  const { signal } = options;
  const shown = new LastShown();
  for (let misses = 0; ; ) {
    const any = await showAll(options, shown);
    if (signal.aborted) return;
    misses = any ? 1 : misses + 1;
    // The first end may be that of the connection alone: the next try tells, for example that the token is revoked.
    if (misses === 2) io.stderr.write('tenement: the server has ended; waiting for the next one\n');
    await delay(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

/** Shows entries until the server ends. Returns whether there were any. */
async function showAll<Item extends { readonly at: string }>(
  { open, show }: FollowOptions<Item>,
  shown: LastShown,
): Promise<boolean> {
  let any = false;
  shown.rewind();
  try {
    for await (const entry of open(shown.at)) {
      any = true;
      if (shown.isNew(entry)) await show(entry);
    }
  } catch (error) {
    if (!isAway(error)) throw error;
  }
  return any;
}

function isAway(error: unknown): boolean {
  return ['server_unreachable', 'shutting_down'].includes(toTenementError(error).code);
}

/**
 * Remembers which entries with the newest time were shown, because a repeated request returns all entries of that time.
 */
class LastShown {
  at: string | null = null;
  private texts: string[] = [];
  private expected: string[] = [];

  isNew(entry: { readonly at: string }): boolean {
    const text = JSON.stringify(entry);
    if (this.expected[0] === text) {
      this.expected.shift();
      return false;
    }
    this.expected = [];
    if (entry.at !== this.at) this.texts = [];
    this.at = entry.at;
    this.texts.push(text);
    return true;
  }

  /** Expects the next stream to begin with the shown entries of the newest time. */
  rewind(): void {
    this.expected = [...this.texts];
  }
}
