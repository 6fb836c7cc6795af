/**
 * Names of what has changed, in batches that a client continues from by number. It keeps names and not their data, so it
 * has a bound however fast things change and however slowly a client reads. Pure.
 */
import type { TenementEvent } from '../stores/event-log.ts';

interface Batch {
  readonly version: number;
  readonly names: ReadonlySet<string>;
  readonly events: readonly TenementEvent[];
}

export interface Changes {
  readonly names: ReadonlySet<string>;
  /** Oldest first. */
  readonly events: readonly TenementEvent[];
  /** The version that a client has with them. */
  readonly version: number;
}

/** Names and events in closed batches. Older batches are dropped beyond it. */
const DEFAULT_KEEP = 50_000;

export class ChangeLog {
  private readonly keep: number;
  private readonly batches: Batch[] = [];
  private kept = 0;
  private open = new Set<string>();
  private openEvents: TenementEvent[] = [];
  /** Version before the oldest batch. */
  private first: number;
  private last: number;

  /** @param version where it begins */
  constructor(version: number, keep: number = DEFAULT_KEEP) {
    this.first = version;
    this.last = version;
    this.keep = keep;
  }

  /** Version of the newest closed batch. */
  get version(): number {
    return this.last;
  }

  /** Whether something has changed since the newest batch was closed. */
  get isOpen(): boolean {
    return this.open.size + this.openEvents.length > 0;
  }

  mark(name: string): void {
    this.open.add(name);
  }

  /** Keeps the newest events of a batch, up to the log's bound. */
  note(event: TenementEvent): void {
    this.openEvents.push(event);
    if (this.openEvents.length > 2 * this.keep) this.openEvents = this.openEvents.slice(-this.keep);
  }

  /** Makes what has changed since the last call a batch. Returns false when nothing has. */
  close(): boolean {
    if (!this.isOpen) return false;
    this.last += 1;
    const batch = { version: this.last, names: this.open, events: this.openEvents.slice(-this.keep) };
    this.batches.push(batch);
    this.kept += sizeOf(batch);
    this.open = new Set();
    this.openEvents = [];
    this.drop();
    return true;
  }

  /** Returns what has changed since a version; null: that is not known any more, or never was. */
  since(version: number): Changes | null {
    if (version < this.first || version > this.last) return null;
    const later = this.batches.slice(version - this.first);
    const [only] = later;
    if (only !== undefined && later.length === 1) return only;
    const names = new Set<string>();
    for (const batch of later) for (const name of batch.names) names.add(name);
    return { names, events: later.flatMap(({ events }) => events), version: this.last };
  }

  private drop(): void {
    while (this.kept > this.keep) {
      const oldest = this.batches.shift();
      if (oldest === undefined) return;
      this.kept -= sizeOf(oldest);
      this.first = oldest.version;
    }
  }
}

function sizeOf({ names, events }: Batch): number {
  return names.size + events.length;
}
