/** Numbers for the processes that served. The proxy's connections are keyed by them. */
import { OwnConnections } from './own-connections.ts';

export class Generations {
  readonly ownConnections = new OwnConnections();
  private readonly listeners: ((generation: number) => void)[] = [];
  private readonly grantListeners: ((generation: number) => void)[] = [];
  private last = 0;

  /** Returns a number that no earlier process had. */
  next(): number {
    this.last += 1;
    return this.last;
  }

  /** Calls `listener` with each generation that gets no further request. */
  onRetired(listener: (generation: number) => void): void {
    this.listeners.push(listener);
  }

  retire(generation: number): void {
    for (const listener of this.listeners) listener(generation);
  }

  /** Calls `listener` with each generation that workers may no longer claim without asking. */
  onGrantsEnded(listener: (generation: number) => void): void {
    this.grantListeners.push(listener);
  }

  endGrants(generation: number): void {
    for (const listener of this.grantListeners) listener(generation);
  }
}
