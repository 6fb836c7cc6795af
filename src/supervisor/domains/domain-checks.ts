/**
 * Proves pending domains by DNS: at once for who asks, and in the background with growing pauses. When the next check is
 * due is written down, so the next server goes on. One timer, for the nearest check.
 */
import { type Actor, SYSTEM } from '../../core/access/actor.ts';
import { type DomainRecord, isActive } from '../../core/domains/domain.ts';
import { afterCheck, afterLoss, recordName, type TxtAnswer } from '../../core/domains/verification.ts';
import { instanceName } from '../../core/lifecycle/instance.ts';
import type { Clock } from '../../core/ports.ts';
import type { EventLog } from '../../core/stores/event-log.ts';
import type { Registry } from '../../core/stores/registry.ts';
import { detached } from '../../faults.ts';
import type { Logger } from '../../logger.ts';
import type { TenantLocks } from '../tenants/tenant-locks.ts';
import type { TenantTable } from '../tenants/tenant-table.ts';
import type { DomainTable } from './domain-table.ts';

/** Checks that are under way at once. A DNS server that does not answer takes seconds for each. */
const AT_ONCE = 10;
/** A jump of the wall clock is noticed after this time. */
const LONGEST_WAIT_MS = 60_000;
/** The pause after a check that could not be made or written. */
const AGAIN_MS = 10_000;

export interface DomainChecksOptions {
  readonly domains: DomainTable;
  readonly tenants: TenantTable;
  readonly locks: TenantLocks;
  readonly registry: Pick<Registry, 'whenWritable'>;
  readonly events: Pick<EventLog, 'append'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Asks DNS for the texts of a name. Never rejects, and settles within seconds. */
  lookUpTxt(name: string): Promise<TxtAnswer>;
}

/** `domain`: null when it was removed meanwhile. */
interface Checked {
  readonly domain: DomainRecord | null;
  readonly isChanged: boolean;
}

export class DomainChecks {
  private readonly options: DomainChecksOptions;
  /** Host and tenant → the check that is under way. */
  private readonly checks = new Map<string, Promise<DomainRecord | null>>();
  private cancel: (() => void) | null = null;
  private isRunning = false;
  private isEnded = false;

  constructor(options: DomainChecksOptions) {
    this.options = options;
  }

  /** Waits for the nearest check, which may be another one than before. */
  renew(): void {
    this.cancel?.();
    this.cancel = null;
    if (this.isEnded || this.isRunning) return;
    const { domains, clock } = this.options;
    const atMs = domains.store.nextCheckAtMs();
    if (atMs !== null) this.wait(Math.max(0, Math.min(atMs - clock.nowMs(), LONGEST_WAIT_MS)));
  }

  end(): void {
    this.isEnded = true;
    this.cancel?.();
    this.cancel = null;
  }

  /** Asks DNS for a pending domain. Returns the domain after that; null: it was removed meanwhile. @throws {TenementError} `state_failed` */
  check(domain: DomainRecord, by: Actor): Promise<DomainRecord | null> {
    const key = `${domain.host}/${domain.tenantId}`;
    const underWay = this.checks.get(key);
    if (underWay !== undefined) return underWay;
    const check = this.prove(domain, by).finally(() => this.checks.delete(key));
    this.checks.set(key, check);
    return check;
  }

  private wait(delayMs: number): void {
    const { clock, logger } = this.options;
    this.cancel = clock.after(delayMs, () => detached(logger, { part: 'domains' }, this.checkDue()));
  }

  private async checkDue(): Promise<void> {
    const { domains, clock, logger } = this.options;
    this.isRunning = true;
    try {
      const due = domains.store.due(clock.nowMs(), AT_ONCE);
      // One that fails must not keep the others from being written.
      const results = await Promise.allSettled(due.map((domain) => this.check(domain, SYSTEM)));
      this.isRunning = false;
      for (const result of results) if (result.status === 'rejected') throw result.reason;
      this.renew();
    } catch (error) {
      this.isRunning = false;
      logger.warn({ err: error }, 'domains cannot be verified now');
      if (!this.isEnded) this.wait(AGAIN_MS);
    }
  }

  private async prove({ host, tenantId }: DomainRecord, by: Actor): Promise<DomainRecord | null> {
    const answer = await this.options.lookUpTxt(recordName(host));
    const check = async () => {
      const { registry, domains, logger } = this.options;
      const { domain, isChanged } = await registry.whenWritable(() => this.write(host, tenantId, answer));
      if (domain === null || !isChanged) return domain;
      if (!isActive(domain)) {
        logger.debug({ domain: host, tenant: tenantId, reason: domain.verification?.problem }, 'not verified');
        return domain;
      }
      await domains.settled();
      this.tell(domain, by);
      return domain;
    };
    return this.options.locks.withTenant(tenantId, check, { waits: true });
  }

  /** Writes what DNS said, in one step with the look at who has the host. */
  private write(host: string, tenantId: string, answer: TxtAnswer): Checked {
    const { domains, tenants, clock } = this.options;
    const all = domains.store.ofHost(host);
    const domain = all.find((one) => one.tenantId === tenantId) ?? null;
    const isOver = domain === null || domain.verification === null || isActive(domain) || this.isEnded;
    if (isOver) return { domain, isChanged: false };
    const nowMs = clock.nowMs();
    const checked = afterCheck(domain.verification, answer, domain.addedAtMs, nowMs);
    const isTaken = checked.verifiedAtMs !== null && all.some(isActive);
    const verification = isTaken
      ? afterLoss(checked, 'it was verified, but belongs to another tenant', nowMs)
      : checked;
    const changed = { ...domain, verification };
    tenants.commit({ tenantId, putDomains: [changed] }, { durable: isActive(changed) });
    return { domain: changed, isChanged: true };
  }

  private tell({ host, service, tenantId }: DomainRecord, by: Actor): void {
    const { events, clock, logger } = this.options;
    const leadsTo = instanceName(service, tenantId);
    logger.info({ domain: host, tenant: tenantId, leadsTo }, 'a domain is verified');
    const message = `${host} is verified, and leads to ${leadsTo}`;
    const about = { atMs: clock.nowMs(), instance: null, tenant: tenantId, by };
    events.append({ ...about, type: 'domain-verified', message, data: { domain: host, service } });
  }
}
