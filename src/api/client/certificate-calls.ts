/** The calls of the API about certificates. */
import type { CertificateView } from '../../core/acme/certificate-view.ts';
import type { Transport } from './transport.ts';

/** Each call rejects with a TenementError. */
export interface CertificateClient {
  list(): Promise<CertificateView[]>;
  /** Settles when the order has ended. */
  renew(name: string): Promise<CertificateView>;
}

export function certificateCalls(transport: Transport): CertificateClient {
  return {
    list: async () => {
      const { data } = await transport.json({ method: 'GET', path: '/api/certificates' });
      return (data as { certificates: CertificateView[] }).certificates;
    },
    renew: async (name) => {
      const path = `/api/certificates/${encodeURIComponent(name)}/renew`;
      return (await transport.json({ method: 'POST', path })).data as CertificateView;
    },
  };
}
