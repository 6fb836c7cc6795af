/** What all proxies of a server share about TLS. What keeps certificates is loaded when the config has `[tls]`. */
import { HandshakeCounts } from '../../core/tls/handshake-counts.ts';
import type { TlsConfig } from '../../core/tls/tls-config.ts';
import type { TlsReading } from '../../core/tls/tls-reading.ts';
import type { TlsSource } from '../../core/tls/tls-source.ts';
import { TlsTable } from '../../core/tls/tls-table.ts';
import { detached } from '../../faults.ts';
import type { Logger } from '../../logger.ts';
import { systemClock } from '../../node/clock.ts';
import type { OwnCertificate } from '../../tls/own-certificates.ts';
import type { ServerCertificates } from '../../tls/server-certificates.ts';

export class ServerTls implements TlsReading {
  readonly table = new TlsTable();
  readonly counts = new HandshakeCounts();
  /** What issues certificates sets `obtain` before anything listens. */
  readonly source: { readonly table: TlsTable; obtain: TlsSource['obtain'] };
  private readonly logger: Logger;
  private own: ServerCertificates | null = null;

  constructor(logger: Logger) {
    this.logger = logger;
    this.source = { table: this.table, obtain: null };
  }

  /** Loads the certificates of a config. Settles when every proxy uses them. */
  async open(tls: TlsConfig | null): Promise<void> {
    if (tls === null) return;
    const { ServerCertificates: Certificates } = await import('../../tls/server-certificates.ts');
    const { table, logger } = this;
    this.own ??= new Certificates({ table, logger, nowMs: () => systemClock.nowMs() });
    await this.own.apply(tls);
  }

  /** Replaces the config; whether there is TLS at all does not change. */
  apply(tls: TlsConfig | null): void {
    if (tls !== null && this.own !== null) detached(this.logger, { part: 'tls' }, this.own.apply(tls));
  }

  certificates(): OwnCertificate[] {
    return this.own?.list() ?? [];
  }

  handshakes(): ReturnType<TlsReading['handshakes']> {
    return this.counts.entries();
  }

  close(): void {
    this.own?.close();
  }
}
