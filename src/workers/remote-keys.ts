/** The server's keys in a worker. The server loads them once for all workers. */
import { type KeyFeed, KeyPublisher } from '../core/identity/key-feed.ts';

export class RemoteKeys extends KeyPublisher implements KeyFeed {
  private readonly ask: () => void;
  private asked: { readonly promise: Promise<void>; resolve(): void } | null = null;

  /** @param ask asks the server to load the keys again; it calls `refreshed` when that is over */
  constructor(ask: () => void) {
    super();
    this.ask = ask;
  }

  refresh(): Promise<void> {
    if (this.asked === null) {
      this.asked = Promise.withResolvers<void>();
      this.ask();
    }
    return this.asked.promise;
  }

  /** The keys that the load brought have arrived before. */
  refreshed(): void {
    this.asked?.resolve();
    this.asked = null;
  }
}
