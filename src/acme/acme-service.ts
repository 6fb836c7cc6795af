/**
 * Certificates by ACME: domains of tenants get theirs ahead of need, other known hosts at their first handshake, and all are
 * renewed before they expire.
 */
import { type Actor, SYSTEM } from '../core/access/actor.ts';
import type { CertificateFace, CertificateQuery } from '../core/acme/certificate-face.ts';
import { coveringNames } from '../core/acme/certificate-names.ts';
import { type CertificateRecord, isPausing, isValid } from '../core/acme/certificate-record.ts';
import { type CertificateView, certificateViewOf } from '../core/acme/certificate-view.ts';
import type { WaitingOrder } from '../core/acme/order-queue.ts';
import { HOUR_MS } from '../core/acme/order-share.ts';
import type { AcmeConfig } from '../core/tls/tls-config.ts';
import { TenementError } from '../errors.ts';
import { detached } from '../faults.ts';
import { type AcmeParts, type AcmeServiceOptions, acmeParts } from './acme-parts.ts';
import { OrderScheduler } from './order-scheduler.ts';
import { OrderWaiters } from './order-waiters.ts';
import { RenewalWatch } from './renewal-watch.ts';
import { type OrderOwner, WantedNames } from './wanted-names.ts';

/** How long a handshake waits for its order. */
const HANDSHAKE_WAIT_MS = 30_000;

export class AcmeService implements CertificateFace {
  readonly isOn = true;
  private readonly options: AcmeServiceOptions;
  private readonly parts: AcmeParts;
  private readonly names: WantedNames;
  private readonly scheduler: OrderScheduler;
  private readonly watch: RenewalWatch;
  private readonly waiters = new OrderWaiters();
  /** Name → who asked for its order. */
  private readonly askers = new Map<string, Actor>();
  private isBegun = false;
  private isEnded = false;

  /** @throws {TenementError} `state_failed` */
  constructor(options: AcmeServiceOptions) {
    this.options = options;
    this.parts = acmeParts(options, {
      mayBegin: (record) => this.scheduler.reserve(record),
      onBegun: (record) => this.scheduler.begun(record),
      onPause: (ms) => this.scheduler.wait(ms),
    });
    this.names = new WantedNames({ options, book: this.parts.book });
    this.scheduler = this.makeScheduler();
    const { directory } = options.config;
    this.watch = new RenewalWatch({
      ...options,
      ...this.parts,
      directory,
      names: this.names,
      scheduler: this.scheduler,
    });
  }

  private makeScheduler(): OrderScheduler {
    const { config, clock, store, whenWritable, logger, tenantCount } = this.options;
    return new OrderScheduler({
      clock,
      perHour: config.maxOrdersPerHour,
      begun: store.ordersSince(clock.nowMs() - HOUR_MS),
      isAlone: () => tenantCount() <= 1,
      run: (order) => this.run(order),
      onBegun: (...order) =>
        detached(
          logger,
          { part: 'acme' },
          whenWritable(() => store.addOrder(...order)),
        ),
    });
  }

  /** Settles when every listener shows the certificates that there are. */
  async open(): Promise<void> {
    const { clock, logger } = this.options;
    const { book, files } = this.parts;
    // A tenant may have been purged while no service could remove its files.
    await files.keepCertificates(new Set(Array.from(book.records(), ({ name }) => name)));
    const damaged: CertificateRecord[] = [];
    await book.showAll(
      (record) => isValid(record, clock.nowMs()),
      (record) => damaged.push(record),
    );
    for (const { name } of damaged)
      logger.error({ name }, 'the file of a certificate is gone or damaged; another is ordered');
    await book.put(...damaged.map((record) => ({ ...record, issued: null, dueAtMs: clock.nowMs() })));
  }

  /** Goes on with orders of an earlier server, and begins others. Challenges are answered from now on. */
  async begin(): Promise<void> {
    const { files } = this.parts;
    await this.names.wantAll();
    for (const name of await files.ordered()) {
      if (!this.names.isWanted(name)) await files.removeOrder(name);
      else this.scheduler.goOn({ ...this.ownerOf(name), urgency: 'background' });
    }
    if (this.isEnded) return;
    this.isBegun = true;
    this.watch.begin();
  }

  /** Ends what is under way; orders go on with the next server. */
  async close(): Promise<void> {
    this.isEnded = true;
    this.watch.end();
    this.parts.ending.abort(new Error('the server ends'));
    this.waiters.settleAll();
    await this.scheduler.end();
    await this.parts.authority.close();
  }

  /**
   * Has a certificate issued for a host that has none. Settles when the listeners show it, when there will be none for now,
   * or after 30 s; never rejects.
   */
  async obtain(host: string): Promise<void> {
    const owner = this.isBegun && !this.isEnded ? this.names.ownerFor(host) : null;
    if (owner === null) return;
    const record = this.parts.book.get(owner.name);
    if (record !== undefined && isPausing(record, this.options.clock.nowMs())) return;
    if (!this.scheduler.isRunning(owner.name) && !this.isBegunNow(owner)) return;
    await this.waited(owner.name);
  }

  /** Orders a certificate for a domain ahead of need. */
  async want(name: string, tenantId: string): Promise<void> {
    if (this.isEnded) return;
    await this.names.want(name, tenantId);
    this.watch.renew();
  }

  /** Renews no more, and orders no more. A certificate that there is stays until it expires. */
  unwant(name: string): Promise<void> {
    this.scheduler.remove(name);
    return this.names.unwant(name);
  }

  /** Removes all certificates of a tenant that was purged, with their keys. */
  removeTenant(tenantId: string): Promise<void> {
    return this.names.removeTenant(tenantId, (name) => this.scheduler.remove(name));
  }

  list({ tenant }: CertificateQuery = {}): CertificateView[] {
    const all = [...this.parts.book.records()];
    const records = all.filter(({ tenantId }) => tenant === undefined || tenantId === tenant);
    return records.map((record) => this.viewOf(record)).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  of(host: string): CertificateView | null {
    const names = [...coveringNames(host), this.names.orderedFor(host)];
    const records = names.flatMap((name) => this.parts.book.get(name) ?? []);
    const nowMs = this.options.clock.nowMs();
    const [first] = records;
    const shown = records.find((record) => isValid(record, nowMs)) ?? first;
    return shown === undefined ? null : this.viewOf(shown);
  }

  async renew(name: string, by: Actor): Promise<CertificateView> {
    const { book } = this.parts;
    const known = book.get(name);
    const owner = known === undefined ? this.names.ownerFor(name) : this.names.ownerOf(name, known.tenantId);
    if (owner?.name !== name) throw unknownCertificate(name);
    if (!this.scheduler.isRunning(name) && !this.scheduler.mayBegin(owner.tenantId))
      throw tooMany(name, this.options.config);
    await book.put({ ...this.names.recordOf(owner), retryAtMs: null });
    this.askers.set(name, by);
    const ended = this.waiters.ended(name);
    this.scheduler.resume();
    this.scheduler.add({ ...owner, urgency: 'handshake' });
    await ended;
    const after = book.get(name);
    if (after === undefined) throw unknownCertificate(name);
    if (after.failure === null && after.issued !== (known?.issued ?? null)) return this.viewOf(after);
    const why = after.failure?.reason ?? 'the server ends';
    throw new TenementError('certificate_failed', `no certificate for ${name}: ${why}`);
  }

  private viewOf(record: CertificateRecord): CertificateView {
    return certificateViewOf(record, this.scheduler.isRunning(record.name), this.options.clock.nowMs());
  }

  private ownerOf(name: string): OrderOwner {
    return this.names.ownerOf(
      name,
      this.parts.book.get(name)?.tenantId ?? this.options.ownerOf(name)?.tenantId ?? null,
    );
  }

  /** Puts an order in the queue. Returns whether it begins at once, and not by and by. */
  private isBegunNow(owner: OrderOwner): boolean {
    if (!this.options.config.onDemand) return false;
    const isNow = !this.scheduler.isPaused && this.scheduler.mayBegin(owner.tenantId);
    this.scheduler.add({ ...owner, urgency: isNow ? 'handshake' : 'background' });
    return isNow;
  }

  private waited(name: string): Promise<void> {
    const ended = this.waiters.ended(name);
    return new Promise((resolve) => {
      const cancel = this.options.clock.after(HANDSHAKE_WAIT_MS, resolve);
      void ended.then(() => {
        cancel();
        resolve();
      });
    });
  }

  private async run({ name, tenantId }: WaitingOrder): Promise<void> {
    const by = this.askers.get(name) ?? SYSTEM;
    this.askers.delete(name);
    try {
      await this.parts.issuing.issue(this.names.recordOf({ name, tenantId }), by);
      // The tenant may have lost the name meanwhile.
      if (!this.isEnded && !this.names.isWanted(name)) await this.names.unwant(name);
    } catch (error) {
      this.options.logger.error({ err: error, name }, 'what came of an order could not be written');
    } finally {
      this.waiters.settle(name);
      this.watch.renew();
    }
  }
}

function unknownCertificate(name: string): TenementError {
  return new TenementError('unknown_certificate', `there is no certificate of ${JSON.stringify(name.slice(0, 260))}`);
}

function tooMany(name: string, { maxOrdersPerHour }: AcmeConfig): TenementError {
  const message = `no order for ${name} now: too many were begun within the last hour`;
  const hint = `[tls.acme] max_orders_per_hour is ${maxOrdersPerHour}, and one tenant leaves half of what is left to others.`;
  return new TenementError('certificate_failed', message, { hint });
}
