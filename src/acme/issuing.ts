/** One order of a name, from its begin to what is written and told of it. */
import type { Actor } from '../core/access/actor.ts';
import { SYSTEM } from '../core/access/actor.ts';
import { afterFailure, afterIssue, type CertificateRecord } from '../core/acme/certificate-record.ts';
import { type ChallengeType, isAboutName } from '../core/acme/failure-text.ts';
import { firstLookAtMs, shareOf } from '../core/acme/renewal.ts';
import type { EventData } from '../core/lifecycle/event-data.ts';
import type { Clock } from '../core/ports.ts';
import type { EventLog } from '../core/stores/event-log.ts';
import type { Logger } from '../logger.ts';
import { CaError } from './ca-error.ts';
import type { CertificateBook } from './certificate-book.ts';
import { ChallengeFailed, type OrderRunDeps, runOrder } from './order-run.ts';
import { issuedOf } from './read-certificate.ts';

export interface IssuingDeps extends OrderRunDeps {
  readonly book: CertificateBook;
  readonly events: Pick<EventLog, 'append'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Kinds of proof that this server can give for a name, the best first. */
  typesFor(name: string): readonly ChallengeType[];
  /** Whether a name may have a further order in this hour. */
  mayBegin(record: CertificateRecord): boolean;
  /** Called for each order that is begun at the authority. */
  onBegun(record: CertificateRecord): void;
  /** Asks for a pause of all orders, in ms; 0: the authority works. */
  onPause(ms: number): void;
}

const FIRST_OUTAGE_PAUSE_MS = 30_000;
const LONGEST_OUTAGE_PAUSE_MS = 10 * 60_000;
/** The pause after a refusal for too many orders that does not say how long. */
const RATE_LIMIT_PAUSE_MS = 60 * 60_000;

export class Issuing {
  private readonly deps: IssuingDeps;
  private outages = 0;
  /** The kind of proof that succeeded last, which is the best guess for the next name. */
  private proven: ChallengeType | null = null;

  constructor(deps: IssuingDeps) {
    this.deps = deps;
  }

  /** Orders a certificate. Settles when its outcome is written and told; never rejects for what the authority does. */
  async issue(record: CertificateRecord, by: Actor = SYSTEM): Promise<void> {
    try {
      await this.ordered(record);
      this.outages = 0;
      await this.issued(record, by);
    } catch (error) {
      if (this.deps.signal.aborted) return;
      await this.failed(record, error, by);
    }
  }

  private async ordered(record: CertificateRecord): Promise<void> {
    const types = this.typesOf(record);
    const replaces = record.directory === this.deps.directory ? (record.issued?.renewalId ?? null) : null;
    for (const [index, type] of types.entries()) {
      try {
        await this.orderedBy(type, record, replaces);
        this.proven = type;
        return;
      } catch (error) {
        const isLast = index === types.length - 1 || !(error instanceof ChallengeFailed);
        if (isLast || !this.deps.mayBegin(record)) throw error;
        this.deps.logger.info(
          { name: record.name, challenge: type, reason: error.message },
          'trying another challenge',
        );
      }
    }
    await this.orderedBy(null, record, replaces);
  }

  private async orderedBy(type: ChallengeType | null, record: CertificateRecord, replaces: string | null) {
    const { name } = record;
    const { authority, onBegun, mayBegin } = this.deps;
    const types = type === null ? [] : [type];
    const counted = { onBegin: () => onBegun(record), mayBeginAnew: () => mayBegin(record) };
    const run = () => runOrder({ name, types, replaces, ...counted }, this.deps);
    try {
      await run();
    } catch (error) {
      if (!(error instanceof CaError) || error.problem?.type !== 'accountDoesNotExist') throw error;
      await authority.forgetAccount();
      await run();
    }
  }

  /** A first try goes through all kinds of proof; later ones take turns, so that a name is not asked for twice as often. */
  private typesOf({ name, failure }: CertificateRecord): readonly ChallengeType[] {
    const { proven } = this;
    const all = this.deps.typesFor(name);
    const types = proven !== null && all.includes(proven) ? [proven, ...all.filter((type) => type !== proven)] : all;
    if (failure === null) return types;
    return types.filter((_type, index) => index === failure.count % types.length);
  }

  private async issued(before: CertificateRecord, by: Actor): Promise<void> {
    const { book, files, authority, directory, clock, logger } = this.deps;
    const { name } = before;
    const certificate = await files.certificate(name);
    if (certificate === null) throw new Error(`the new certificate of ${name} is gone`);
    const issued = issuedOf(certificate.chain);
    const isSuggesting = await authority.isSuggesting().catch(() => false);
    const dueAtMs = firstLookAtMs(issued, shareOf(name), isSuggesting, clock.nowMs());
    const record = afterIssue(book.get(name) ?? before, issued, { directory, dueAtMs });
    await book.show(name);
    await book.put(record);
    const expiresAt = new Date(issued.notAfterMs).toISOString();
    logger.info({ name, tenant: record.tenantId, expiresAt }, 'a certificate was issued');
    const message = `${name} has a ${before.issued === null ? '' : 'new '}certificate until ${expiresAt.slice(0, 10)}`;
    this.tell('certificate-issued', record, message, { name, expiresAt }, by);
  }

  private async failed(before: CertificateRecord, error: unknown, by: Actor): Promise<void> {
    const { book, clock, logger } = this.deps;
    const reason = error instanceof Error ? error.message : String(error);
    const askedMs = error instanceof CaError ? this.pauseFor(error, before.name) : null;
    const record = afterFailure(book.get(before.name) ?? before, reason, clock.nowMs(), askedMs);
    const nextTryAt = record.retryAtMs === null ? null : new Date(record.retryAtMs).toISOString();
    const about = { name: record.name, tenant: record.tenantId, reason, nextTryAt };
    if (error instanceof CaError) logger.warn(about, 'a certificate could not be had');
    else logger.error({ ...about, err: error }, 'a certificate could not be had');
    await book.put(record);
    const data = { name: record.name, reason, failures: record.failure?.count ?? 1, nextTryAt };
    this.tell('certificate-failed', record, `no certificate for ${record.name}: ${reason}`, data, by);
  }

  /** Returns how long the authority asks to wait with this name. What concerns all names lets all of them wait. */
  private pauseFor({ isOutage, problem, retryAfterMs }: CaError, name: string): number | null {
    const { onPause } = this.deps;
    if (isOutage) {
      const growingMs = Math.min(LONGEST_OUTAGE_PAUSE_MS, FIRST_OUTAGE_PAUSE_MS * 2 ** Math.min(this.outages, 10));
      this.outages += 1;
      onPause(retryAfterMs ?? growingMs);
      return retryAfterMs;
    }
    this.outages = 0;
    if (problem?.type !== 'rateLimited') return retryAfterMs;
    const askedMs = retryAfterMs ?? RATE_LIMIT_PAUSE_MS;
    if (!isAboutName(problem.detail, name)) onPause(askedMs);
    return askedMs;
  }

  private tell<Type extends 'certificate-issued' | 'certificate-failed'>(
    type: Type,
    { tenantId }: CertificateRecord,
    message: string,
    data: EventData[Type],
    by: Actor,
  ): void {
    const { events, clock } = this.deps;
    events.append({ atMs: clock.nowMs(), instance: null, tenant: tenantId, type, message, data, by });
  }
}
