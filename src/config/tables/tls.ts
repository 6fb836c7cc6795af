/** Turns the table `[tls]` into its config, and checks what its schema cannot. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DnsHook } from '../../core/acme/acme-config.ts';
import { parseDuration } from '../../core/limits/units.ts';
import type { AcmeConfig, TlsConfig } from '../../core/tls/tls-config.ts';
import { readCertificate } from '../../node/certificate-files.ts';
import { readSecretFile } from '../../node/secret-file.ts';
import { parseListenAddress } from '../address.ts';
import { splitCommand } from '../command.ts';
import type { Problem } from '../problems/problems.ts';
import type { TlsInput } from '../schema/tls.ts';

/** @param dir directory of the config file */
export function tlsOf(input: TlsInput | undefined, dir: string, problems: Problem[]): TlsConfig | null {
  if (input === undefined) return null;
  const { listen, public_port: publicPort = null, redirect, certificates, acme } = input;
  return {
    listen: parseListenAddress(listen),
    publicPort,
    redirect,
    certificates: certificates.map(({ cert, key }) => ({ cert: resolve(dir, cert), key: resolve(dir, key) })),
    acme: acme === undefined ? null : acmeOf(acme, dir, problems),
  };
}

function acmeOf(input: NonNullable<TlsInput['acme']>, dir: string, problems: Problem[]): AcmeConfig {
  const { email, directory, on_demand, max_orders_per_hour, ca_file, profile, external_account } = input;
  return {
    email: email ?? null,
    directory,
    onDemand: on_demand,
    maxOrdersPerHour: max_orders_per_hour,
    caFile: ca_file === undefined ? null : resolve(dir, ca_file),
    profile: profile ?? null,
    externalAccount:
      external_account === undefined
        ? null
        : { keyId: external_account.key_id, hmacKeyFile: resolve(dir, external_account.hmac_key_file) },
    dnsHook: dnsHookOf(input, problems),
  };
}

function dnsHookOf(input: NonNullable<TlsInput['acme']>, problems: Problem[]): DnsHook | null {
  if (input.dns_hook === undefined) return null;
  try {
    return {
      words: splitCommand(input.dns_hook),
      inheritEnv: input.dns_hook_env,
      timeoutMs: parseDuration(input.dns_hook_timeout),
      waitMs: parseDuration(input.dns_wait),
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    problems.push({ path: ['tls', 'acme', 'dns_hook'], message });
    return null;
  }
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

/** Checks the files of `[tls.acme]`, which only a server needs. */
export function acmeFileProblems(tls: TlsConfig | null): Problem[] {
  const { caFile = null, externalAccount = null } = tls?.acme ?? {};
  const problem = (key: string, path: string, message: string): Problem => ({
    path: ['tls', 'acme', key],
    message: `${path}: ${message}`,
  });
  const read = externalAccount === null ? null : readSecretFile(externalAccount.hmacKeyFile);
  return [
    ...(caFile === null ? [] : trustProblems(caFile).map((message) => problem('ca_file', caFile, message))),
    ...(read === null || read.ok || externalAccount === null
      ? []
      : [problem('external_account', externalAccount.hmacKeyFile, read.problem)]),
  ];
}

function trustProblems(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').includes('-----BEGIN CERTIFICATE-----') ? [] : ['it holds no certificate (PEM)'];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return [code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`];
  }
}
