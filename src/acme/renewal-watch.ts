/** Does what is due: orders, looks at renewals, and takes away what has expired. One timer, for the nearest. */
import { type CertificateRecord, dueMs, isForgettable, isValid } from '../core/acme/certificate-record.ts';
import type { WaitingOrder } from '../core/acme/order-queue.ts';
import { isLookedAtOnly, nextLookAtMs, shareOf } from '../core/acme/renewal.ts';
import type { Clock } from '../core/ports.ts';
import { detached } from '../faults.ts';
import type { Logger } from '../logger.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import type { CertificateBook } from './certificate-book.ts';
import type { OrderScheduler } from './order-scheduler.ts';
import type { WantedNames } from './wanted-names.ts';

/** A jump of the wall clock is noticed after this time. */
const LONGEST_WAIT_MS = 60_000;
/** Between two looks. */
const SHORTEST_WAIT_MS = 1000;

export interface RenewalWatchDeps {
  readonly book: CertificateBook;
  readonly authority: CertificateAuthority;
  readonly names: WantedNames;
  readonly scheduler: OrderScheduler;
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class RenewalWatch {
  private readonly deps: RenewalWatchDeps;
  /** Names whose renewal is asked about. */
  private readonly asking = new Set<string>();
  private isOn = false;
  private cancel: (() => void) | null = null;

  constructor(deps: RenewalWatchDeps) {
    this.deps = deps;
  }

  begin(): void {
    this.isOn = true;
    this.look();
  }

  end(): void {
    this.isOn = false;
    this.cancel?.();
  }

  /** Looks in a turn of its own: records have changed. */
  renew(): void {
    if (this.isOn) this.wait(0);
  }

  private wait(ms: number): void {
    this.cancel?.();
    this.cancel = this.deps.clock.after(ms, () => this.look());
  }

  private look(): void {
    if (!this.isOn) return;
    const { book, scheduler, clock } = this.deps;
    const nowMs = clock.nowMs();
    const times: (number | null)[] = [];
    for (const record of book.records()) {
      this.showAsLongAsValid(record, nowMs);
      const dueAtMs = dueMs(record, nowMs);
      if (dueAtMs !== null && dueAtMs <= nowMs) this.due(record, nowMs);
      times.push(dueAtMs, record.issued?.notAfterMs ?? null);
    }
    scheduler.begin();
    times.push(scheduler.nextAtMs());
    const nextAtMs = times.reduce<number>(
      (least, ms) => (ms !== null && ms > nowMs && ms < least ? ms : least),
      nowMs + LONGEST_WAIT_MS,
    );
    this.wait(Math.max(SHORTEST_WAIT_MS, nextAtMs - nowMs));
  }

  private showAsLongAsValid(record: CertificateRecord, nowMs: number): void {
    const { book } = this.deps;
    const { name, issued } = record;
    if (isForgettable(record, nowMs)) this.detach(book.remove(name));
    else if (issued !== null && !isValid(record, nowMs)) this.detach(book.hide(name));
    else if (issued !== null && !book.isShown(name)) this.detach(book.show(name));
  }

  private due(record: CertificateRecord, nowMs: number): void {
    const { scheduler, names, directory } = this.deps;
    const { name, tenantId } = record;
    if (scheduler.isRunning(name) || scheduler.isWaiting(name) || this.asking.has(name)) return;
    if (!names.isWanted(name)) return this.detach(names.unwant(name));
    if (!isLookedAtOnly(record, directory, nowMs)) return scheduler.add(inBackground({ name, tenantId }));
    this.asking.add(name);
    this.detach(this.ask(record).finally(() => this.asking.delete(name)));
  }

  /** Asks the authority whether it is time. */
  private async ask({ name, tenantId, issued }: CertificateRecord): Promise<void> {
    if (issued === null) return;
    const { authority, book, scheduler, clock } = this.deps;
    const { renewalId } = issued;
    const info = renewalId === null ? null : await authority.renewalInfo(renewalId).catch(() => null);
    const dueAtMs = nextLookAtMs(issued, info, shareOf(name), clock.nowMs());
    const record = book.get(name);
    if (!this.isOn || record === undefined || record.issued !== issued) return;
    if (dueAtMs === null) return scheduler.add(inBackground({ name, tenantId }));
    await book.put({ ...record, dueAtMs });
    this.renew();
  }

  private detach(work: Promise<unknown>): void {
    detached(this.deps.logger, { part: 'acme' }, work);
  }
}

function inBackground(order: Pick<WaitingOrder, 'name' | 'tenantId'>): WaitingOrder {
  return { ...order, urgency: 'background' };
}
