/** Metrics of handshakes, and of the certificates of the operator's. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { TlsReading } from '../../core/tls/tls-reading.ts';

export function addTlsMetrics(registry: Registry, reading: TlsReading): void {
  new Counter({
    name: 'tenement_tls_handshakes_total',
    help: 'TLS handshakes by result; see docs/tls.md.',
    labelNames: ['result'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [result, count] of reading.handshakes()) this.inc({ result }, count);
    },
  });
  new Gauge({
    name: 'tenement_tls_certificate_expiry_timestamp_seconds',
    help: 'When each certificate of [tls] certificates expires.',
    labelNames: ['file'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { file, notAfterMs } of reading.certificates()) this.set({ file }, notAfterMs / 1000);
    },
  });
}
