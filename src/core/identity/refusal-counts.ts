/** Counts requests that were refused for what they say of their tenant, and reports them now and then. Pure. */

/** Why a request was refused, or would have been. */
export type RefusalReason =
  /** No source names a tenant, and there is no token. */
  | 'no-token'
  /** More than one token at one place, such as two cookies of the same name. */
  | 'several-tokens'
  | 'too-large'
  /** Not a signed token of three parts; encrypted ones too. */
  | 'malformed'
  /** Its algorithm is not one of the keys', `none` among them. */
  | 'algorithm'
  | 'unknown-key'
  | 'signature'
  | 'expired'
  | 'not-yet-valid'
  | 'issuer'
  | 'audience'
  /** Its claim is not a tenant id, or it has none. */
  | 'claim-no-id'
  /** A trusted proxy sent the field twice. */
  | 'several-headers'
  /** A trusted proxy named what is not a tenant id. */
  | 'header-no-id'
  /** A path that can be read in two ways, which name different tenants. */
  | 'ambiguous-path'
  | 'mismatch'
  /** A mismatch that `on_mismatch = "warn"` let pass. */
  | 'mismatch-warned';

/** Time between two reports of the same reason. */
const TELL_MS = 10_000;

export class RefusalCounts {
  private readonly totals = new Map<RefusalReason, number>();
  private readonly untold = new Map<RefusalReason, { requests: number; toldAtMs: number }>();

  /** Counts a request. Returns how many to report with this reason; null: none now. */
  count(reason: RefusalReason, nowMs: number): number | null {
    this.add(reason, 1);
    const since = this.untold.get(reason) ?? { requests: 0, toldAtMs: Number.NEGATIVE_INFINITY };
    this.untold.set(reason, since);
    since.requests += 1;
    if (nowMs - since.toldAtMs < TELL_MS) return null;
    const { requests } = since;
    since.requests = 0;
    since.toldAtMs = nowMs;
    return requests;
  }

  /** Adds requests that another process counted. */
  add(reason: RefusalReason, requests: number): void {
    this.totals.set(reason, (this.totals.get(reason) ?? 0) + requests);
  }

  entries(): IterableIterator<[reason: RefusalReason, requests: number]> {
    return this.totals.entries();
  }
}
