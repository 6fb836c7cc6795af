/** What is counted of a tenant's use, hour by hour in UTC. Pure. */

/**
 * The meters, in the order in which they are shown. `sum`: an hour's value is what was used in it, and a period's is the
 * sum of its hours. `highest`: the greatest value that was seen.
 */
export const METERS = {
  /** Requests that were passed on to a process. One that is sent again counts once, a WebSocket too. */
  requests: 'sum',
  /** Those of them that ended with a status of 500 to 599. */
  errors: 'sum',
  /** Bytes that clients sent: heads and bodies of requests, and what a WebSocket carried. */
  ingressBytes: 'sum',
  /** Bytes that were sent to clients: heads and bodies of responses, and what a WebSocket carried. */
  egressBytes: 'sum',
  /** User and system time of all its processes, in seconds, by the kernel's count. */
  cpuSeconds: 'sum',
  /** How long its processes existed unfrozen, in seconds; those of two instances count twice. */
  awakeSeconds: 'sum',
  /** Memory of its processes over time, in 10⁹ bytes times seconds. */
  memoryGbSeconds: 'sum',
  /** How many times an instance was started or resumed because somebody needed it. */
  wakes: 'sum',
  /** What its directory takes on disk, in bytes. */
  storageBytes: 'highest',
} as const;

/** What usage counts; the names end with units. */
export type Meter = keyof typeof METERS;

/** Values by meter; one that is left out is 0. */
export type MeterValues = { readonly [Name in Meter]?: number };

/** What tenants have used, with all that was counted up to now. */
export interface UsageTotals {
  /**
   * Returns what a tenant has used of a meter, in the meter's unit, in all hours from the one that contains `fromMs`.
   * @param fromMs the start of an hour, day or month in UTC, ms since the epoch
   */
  total(tenantId: string, meter: Meter, fromMs: number): number;
  /** Calls `listener` soon after a tenant's totals have grown, at most about once a second for each tenant. */
  onGrowth(listener: (tenantId: string) => void): void;
}
