/** Where a listener of TLS gets certificates from. */
import type { HandshakeCounts } from './handshake-counts.ts';
import type { TlsTable } from './tls-table.ts';

export interface TlsSource {
  readonly table: TlsTable;
  /**
   * Has a certificate issued for a name of a known host that the table has none for. Settles within a bounded time, when the
   * table has the certificate, or there will be none for now; never rejects. null: nobody issues certificates on demand.
   */
  readonly obtain: ((name: string) => Promise<void>) | null;
}

/** What a proxy needs to listen for TLS. */
export interface ProxyTls {
  readonly source: TlsSource;
  readonly counts: HandshakeCounts;
}
