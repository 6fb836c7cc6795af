/**
 * The server's side of what one worker knows of the server's tables: all of a table in pieces, then each change. The worker
 * answers each message when it goes by it.
 */
import type { DomainRoute, DomainRoutes } from '../core/domains/domain-routes.ts';
import type { TlsChange, TlsTable } from '../core/tls/tls-table.ts';
import type { ToWorker } from './protocol.ts';

/** How many domains go in one message, which takes the server's process less than a millisecond. */
const DOMAINS_A_PIECE = 1000;
/** A certificate with its chain and key has about 6 KiB. */
const CERTIFICATES_A_PIECE = 50;

type Told = Omit<Extract<ToWorker, { type: 'domains' }>, 'id'> | Omit<Extract<ToWorker, { type: 'tls' }>, 'id'>;

export class WorkerTables {
  private readonly send: (message: ToWorker) => void;
  private readonly waiting = new Map<number, () => void>();
  private lastId = 0;
  private isGone = false;

  constructor(send: (message: ToWorker) => void) {
    this.send = send;
  }

  /** Sends all domains, one piece after the other. Settles when the worker has them, or is gone. */
  async tellDomains(routes: DomainRoutes): Promise<void> {
    for (const piece of routes.pieces(DOMAINS_A_PIECE)) await this.changeDomains(piece);
  }

  async tellTls(table: TlsTable): Promise<void> {
    for (const piece of table.pieces(CERTIFICATES_A_PIECE)) await this.changeTls(piece);
  }

  /** Settles when the worker routes by the change, or is gone. */
  changeDomains(routes: readonly DomainRoute[]): Promise<void> {
    return this.tell({ type: 'domains', routes });
  }

  /** Settles when the worker answers by the change, or is gone. */
  changeTls(changes: readonly TlsChange[]): Promise<void> {
    return this.tell({ type: 'tls', changes });
  }

  private tell(told: Told): Promise<void> {
    if (this.isGone) return Promise.resolve();
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.send({ ...told, id });
    });
  }

  /** The worker goes by a message. */
  changed(id: number): void {
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
