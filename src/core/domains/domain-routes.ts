/** The active domains and the instances that they lead to, as every proxy has them in memory. */
import type { InstanceName } from '../lifecycle/instance.ts';

/** A domain that leads to an instance, or (null) no longer leads anywhere. Plain data, which workers get in a message. */
export type DomainRoute = readonly [host: string, instance: InstanceName | null];

export interface DomainLookup {
  /** Grows with each change. */
  readonly version: number;
  /** @param host as `normalizeHost` returns it */
  get(host: string): InstanceName | undefined;
}

export const NO_DOMAINS: DomainLookup = { version: 0, get: () => undefined };

/** Settles when the listener's proxies route by the change. */
type Listener = (routes: readonly DomainRoute[]) => Promise<void> | void;

export class DomainRoutes implements DomainLookup {
  version = 0;
  private readonly instances = new Map<string, InstanceName>();
  private readonly listeners: Listener[] = [];

  get(host: string): InstanceName | undefined {
    return this.instances.get(host);
  }

  get size(): number {
    return this.instances.size;
  }

  /** Every router of this process uses the change on return, and every worker when the promise settles. */
  async change(routes: readonly DomainRoute[]): Promise<void> {
    if (routes.length === 0) return;
    for (const [host, instance] of routes) {
      if (instance === null) this.instances.delete(host);
      else this.instances.set(host, instance);
    }
    this.version += 1;
    await Promise.all(this.listeners.map((listener) => listener(routes)));
  }

  /** Calls `listener` in the step of each change. */
  onChanged(listener: Listener): void {
    this.listeners.push(listener);
  }

  /**
   * Iterates over all routes in pieces of at most `size`. A route that changes between two pieces is in one of them as it
   * was or as it is, so a reader that applies the changes in the order in which they happen has all of them.
   */
  *pieces(size: number): Generator<readonly DomainRoute[]> {
    let piece: DomainRoute[] = [];
    for (const route of this.instances) {
      piece.push(route);
      if (piece.length < size) continue;
      yield piece;
      piece = [];
    }
    if (piece.length > 0) yield piece;
  }
}
