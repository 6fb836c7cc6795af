/** Keeps the table of a server that listens for TLS: the operator's own certificates, and the key of session tickets. */
import { randomBytes } from 'node:crypto';
import type { TlsConfig } from '../core/tls/tls-config.ts';
import type { TlsTable } from '../core/tls/tls-table.ts';
import { detached } from '../faults.ts';
import type { Logger } from '../logger.ts';
import { certificateWarnings, describeNames } from './certificate-words.ts';
import { type OwnCertificate, OwnCertificates } from './own-certificates.ts';

/** A stolen key opens all that it protected, so no key is used for long. Sessions end with their key. */
const TICKET_KEY_MS = 12 * 60 * 60 * 1000;
const TICKET_KEY_BYTES = 48;
const REMIND_MS = 24 * 60 * 60 * 1000;

export interface ServerCertificatesOptions {
  readonly table: TlsTable;
  readonly logger: Logger;
  nowMs(): number;
}

export class ServerCertificates {
  private readonly options: ServerCertificatesOptions;
  private readonly own: OwnCertificates;
  private readonly timers: readonly NodeJS.Timeout[];
  /** The config that was applied last; each waits for the one before. */
  private applied: Promise<void> = Promise.resolve();

  constructor(options: ServerCertificatesOptions) {
    const { table, logger } = options;
    this.options = options;
    this.own = new OwnCertificates({
      table,
      onReplaced: (certificate) => this.told(certificate),
      onKept: (file, reason) =>
        logger.error({ file, reason }, 'certificate not read again; the previous one stays in use'),
    });
    const newKey = () => detached(logger, { part: 'tls' }, this.newTicketKey());
    this.timers = [setInterval(newKey, TICKET_KEY_MS).unref(), setInterval(() => this.remind(), REMIND_MS).unref()];
  }

  /** Reads the certificates of a config. Settles when every proxy uses them. */
  apply({ certificates }: TlsConfig): Promise<void> {
    const apply = async () => {
      if (this.options.table.ticketKey === null) await this.newTicketKey();
      await this.own.apply(certificates);
    };
    this.applied = this.applied.then(apply, apply);
    return this.applied;
  }

  list(): OwnCertificate[] {
    return this.own.list();
  }

  close(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.own.close();
  }

  private newTicketKey(): Promise<void> {
    const key = randomBytes(TICKET_KEY_BYTES).toString('base64');
    return this.options.table.change([{ kind: 'ticket-key', key }]);
  }

  private told(certificate: OwnCertificate): void {
    const { logger, nowMs } = this.options;
    const { file, notAfterMs } = certificate;
    const expires = new Date(notAfterMs).toISOString();
    logger.info({ file, names: describeNames(certificate), expires }, 'certificate in use');
    for (const warning of certificateWarnings(certificate, nowMs())) logger.warn({ file }, warning);
  }

  private remind(): void {
    const { logger, nowMs } = this.options;
    for (const one of this.list())
      for (const warning of certificateWarnings(one, nowMs())) logger.warn({ file: one.file }, warning);
  }
}
