/** Operations on a tenant that take as long as its data are large. While one runs, no other begins on that tenant. */
import type { CopyTotals } from '../archive/copies.ts';

export const LONG_KINDS = ['export', 'import', 'clone', 'backup', 'restore'] as const;
/** Kinds of operations that take their time. */
export type LongKind = (typeof LONG_KINDS)[number];

export interface LongOperation {
  readonly kind: LongKind;
  /** Ms since the epoch. */
  readonly startedAtMs: number;
  /** Name of the actor who began it. */
  readonly by: string;
  /** null: not known yet. */
  done: CopyTotals | null;
  total: CopyTotals | null;
}

/** In JSON. Times are ISO 8601. */
export interface LongOperationView {
  readonly kind: LongKind;
  readonly startedAt: string;
  readonly by: string;
  readonly doneFiles: number | null;
  readonly doneBytes: number | null;
  /** Found at the beginning; what is written meanwhile comes on top. */
  readonly totalFiles: number | null;
  readonly totalBytes: number | null;
}

export function longOperationView({ kind, startedAtMs, by, done, total }: LongOperation): LongOperationView {
  return {
    kind,
    startedAt: new Date(startedAtMs).toISOString(),
    by,
    doneFiles: done?.files ?? null,
    doneBytes: done?.bytes ?? null,
    totalFiles: total?.files ?? null,
    totalBytes: total?.bytes ?? null,
  };
}
