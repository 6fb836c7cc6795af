/** Certificates behind the API: remembers what it was asked. */
import type { CertificateFace, CertificateQuery } from '../../src/core/acme/certificate-face.ts';
import type { CertificateView } from '../../src/core/acme/certificate-view.ts';

export function certificateView(name: string, overrides: Partial<CertificateView> = {}): CertificateView {
  return {
    name,
    tenant: 'acme',
    state: 'issued',
    issuedAt: '2026-01-01T00:00:00.000Z',
    expiresAt: '2026-04-01T00:00:00.000Z',
    daysLeft: 60,
    renewAt: '2026-03-01T00:00:00.000Z',
    nextTryAt: null,
    lastError: null,
    ...overrides,
  };
}

export class FakeCertificates implements CertificateFace {
  readonly renewed: string[] = [];
  isOn = true;
  views: CertificateView[] = [];

  list({ tenant }: CertificateQuery = {}): CertificateView[] {
    return this.views.filter((view) => tenant === undefined || view.tenant === tenant);
  }

  of(host: string): CertificateView | null {
    return this.views.find(({ name }) => name === host) ?? null;
  }

  async renew(name: string): Promise<CertificateView> {
    this.renewed.push(name);
    return certificateView(name);
  }
}
