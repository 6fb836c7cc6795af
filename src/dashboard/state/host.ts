/** Figures of the machine, read again while they are on screen. */
import { useEffect, useState } from 'preact/hooks';
import type { CertificateView } from '../../core/acme/certificate-view.ts';
import type { HostView } from '../../core/dashboard/views.ts';
import { getJson } from './api.ts';
import { type Loaded, useLoaded } from './loaded.ts';

const HOST_MS = 5000;
const CERTIFICATES_MS = 60_000;

/** Counts up in an interval, but not while nobody looks at the page. */
function useBeat(intervalMs: number): number {
  const [beat, setBeat] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setBeat((before) => before + 1);
    }, intervalMs);
    return () => clearInterval(timer);
  }, [intervalMs]);
  return beat;
}

export function useHost(): Loaded<HostView> {
  return useLoaded('host', useBeat(HOST_MS), (signal) => getJson<HostView>('/api/host', signal));
}

export function useCertificates(): Loaded<readonly CertificateView[]> {
  return useLoaded('certificates', useBeat(CERTIFICATES_MS), async (signal) => {
    const { certificates } = await getJson<{ certificates: CertificateView[] }>('/api/certificates', signal);
    return certificates;
  });
}
