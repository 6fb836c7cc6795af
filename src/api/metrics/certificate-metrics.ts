/** Metrics of certificates by ACME. */
import { Gauge, type Registry } from 'prom-client';
import type { CertificateFace } from '../../core/acme/certificate-face.ts';
import { CERTIFICATE_STATES } from '../../core/acme/certificate-view.ts';

/** Certificates with a series of their own: those that expire first. */
const MAX_SERIES = 500;

export function addCertificateMetrics(registry: Registry, certificates: Pick<CertificateFace, 'list' | 'isOn'>): void {
  const registers = [registry];
  new Gauge({
    name: 'tenement_issued_certificates',
    help: 'Certificates by ACME, by state.',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      if (!certificates.isOn) return;
      const all = certificates.list();
      for (const state of CERTIFICATE_STATES) this.set({ state }, all.filter((one) => one.state === state).length);
    },
  });
  new Gauge({
    name: 'tenement_issued_certificate_expiry_timestamp_seconds',
    help: `When a certificate expires; the ${MAX_SERIES} that expire first.`,
    labelNames: ['name'],
    registers,
    collect() {
      this.reset();
      const ends = certificates
        .list()
        .flatMap(({ name, expiresAt }) => (expiresAt === null ? [] : [{ name, atMs: Date.parse(expiresAt) }]));
      for (const { name, atMs } of ends.sort((a, b) => a.atMs - b.atMs).slice(0, MAX_SERIES))
        this.set({ name }, atMs / 1000);
    },
  });
}
