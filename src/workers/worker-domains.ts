/** The server's side of the domains that one worker routes by: all of them in pieces, then each change. */
import type { DomainRoute, DomainRoutes } from '../core/domains/domain-routes.ts';
import type { ToWorker } from './protocol.ts';

/** How many domains go in one message, which takes the server's process less than a millisecond. */
const PIECE = 1000;

export class WorkerDomains {
  private readonly send: (message: ToWorker) => void;
  private readonly waiting = new Map<number, () => void>();
  private lastId = 0;
  private isGone = false;

  constructor(send: (message: ToWorker) => void) {
    this.send = send;
  }

  /** Sends all domains, one piece after the other. Settles when the worker has them, or is gone. */
  async tellAll(routes: DomainRoutes): Promise<void> {
    for (const piece of routes.pieces(PIECE)) await this.tell(piece);
  }

  /** Settles when the worker routes by the change, or is gone. */
  tell(routes: readonly DomainRoute[]): Promise<void> {
    if (this.isGone) return Promise.resolve();
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.send({ type: 'domains', id, routes });
    });
  }

  routed(id: number): void {
    this.waiting.get(id)?.();
    this.waiting.delete(id);
  }

  /** Ends what waits for a worker that is gone. */
  lost(): void {
    this.isGone = true;
    for (const settle of this.waiting.values()) settle();
    this.waiting.clear();
  }
}
