/** The processes that served, each with a number of its own: the proxy's connections go by it. */
import { OwnConnections } from './own-connections.ts';

export class Generations {
  readonly ownConnections = new OwnConnections();
  private readonly listeners: ((generation: number) => void)[] = [];
  private last = 0;

  /** A number that no process had before. */
  next(): number {
    this.last += 1;
    return this.last;
  }

  /** Calls `listener` with each that gets no further request. */
  onRetired(listener: (generation: number) => void): void {
    this.listeners.push(listener);
  }

  retire(generation: number): void {
    for (const listener of this.listeners) listener(generation);
  }
}
