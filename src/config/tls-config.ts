/** Turns the table `[tls]` into its config, and checks what its schema cannot. */
import { resolve } from 'node:path';
import type { TlsConfig } from '../core/tls/tls-config.ts';
import { readCertificate } from '../node/certificate-files.ts';
import { parseListenAddress } from './address.ts';
import type { Problem } from './problems/problems.ts';
import type { TlsInput } from './schema/tls.ts';

/** @param dir directory of the config file */
export function tlsOf(input: TlsInput | undefined, dir: string): TlsConfig | null {
  if (input === undefined) return null;
  const { listen, redirect, certificates, acme } = input;
  return {
    listen: parseListenAddress(listen),
    redirect,
    certificates: certificates.map(({ cert, key }) => ({ cert: resolve(dir, cert), key: resolve(dir, key) })),
    acme: acme === undefined ? null : acmeOf(acme),
  };
}

function acmeOf({ email, directory, on_demand, max_orders_per_hour }: NonNullable<TlsInput['acme']>) {
  return { email: email ?? null, directory, onDemand: on_demand, maxOrdersPerHour: max_orders_per_hour };
}

export function tlsProblems(tls: TlsConfig | null): Problem[] {
  if (tls === null) return [];
  const seen = new Set<string>();
  const repeated = tls.certificates.flatMap(({ cert }, index): Problem[] => {
    const isNew = seen.size < seen.add(cert).size;
    return isNew
      ? []
      : [{ path: ['tls', 'certificates', index], message: `${cert} is named twice; take one of them out` }];
  });
  if (tls.certificates.length > 0 || tls.acme !== null) return repeated;
  return [{ path: ['tls'], message: NOTHING_TO_SHOW }];
}

const NOTHING_TO_SHOW =
  'no handshake could succeed without a certificate: name your own, certificates = [{ cert = "wild.pem", key = "wild.key" }], or add [tls.acme]';

/** Reads the certificates, which only a server needs. */
export function certificateProblems(tls: TlsConfig | null): Problem[] {
  return (tls?.certificates ?? []).flatMap((files, index): Problem[] => {
    const read = readCertificate(files, index);
    if (read.ok) return [];
    const { of, problem } = read;
    return [{ path: ['tls', 'certificates', index, of], message: `${files[of]}: ${problem}` }];
  });
}
