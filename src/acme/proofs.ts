/** Answers one challenge: sets what proves the name, and takes it away. */
import { createHash } from 'node:crypto';
import { crypto } from 'acme-client';
import type { ChallengeType } from '../core/acme/failure-text.ts';
import type { KeyAndChain } from '../core/acme/key-and-chain.ts';
import type { TlsChange, TlsTable } from '../core/tls/tls-table.ts';
import { type DnsHookDeps, runDnsHook } from './dns-hook.ts';
import { tableEntry } from './read-certificate.ts';

export interface ProofDeps {
  /** What every listener answers with. */
  readonly table: TlsTable;
  /** null: there is no hook. */
  readonly dns: DnsHookDeps | null;
  /** Ends a run of the hook. */
  readonly signal: AbortSignal;
}

export interface ProofSubject {
  readonly type: ChallengeType;
  /** The name without `*.`. */
  readonly domain: string;
  readonly token: string;
  readonly keyAuthorization: string;
}

/** Settles when every proxy answers the challenge. Returns a function that takes the answer away. @throws {CaError} */
export async function prove(subject: ProofSubject, deps: ProofDeps): Promise<() => Promise<void>> {
  if (subject.type === 'dns-01') return proveByDns(subject, deps);
  const { set, unset } = await answersTo(subject);
  await deps.table.change([set]);
  return () => deps.table.change([unset]);
}

async function proveByDns({ domain, keyAuthorization }: ProofSubject, { dns, signal }: ProofDeps) {
  if (dns === null) throw new Error('there is no dns_hook');
  const value = createHash('sha256').update(keyAuthorization).digest('base64url');
  const remove = () => runDnsHook('cleanup', { domain, value }, dns, signal);
  try {
    await runDnsHook('present', { domain, value }, dns, signal);
  } catch (error) {
    // It may have made the record before it failed.
    await remove().catch(() => {});
    throw error;
  }
  await waited(dns.hook.waitMs, signal);
  return remove;
}

async function answersTo(subject: ProofSubject): Promise<{ set: TlsChange; unset: TlsChange }> {
  const { type, domain: name, token, keyAuthorization } = subject;
  if (type === 'http-01') {
    const kind = 'http-challenge';
    return { set: { kind, token, answer: keyAuthorization }, unset: { kind, token, answer: null } };
  }
  const kind = 'alpn-challenge';
  const certificate = tableEntry(await alpnCertificate(name, keyAuthorization), name);
  return { set: { kind, name, certificate }, unset: { kind, name, certificate: null } };
}

async function alpnCertificate(name: string, keyAuthorization: string): Promise<KeyAndChain> {
  const ownKey = await crypto.createPrivateEcdsaKey();
  const identifier = { type: 'dns', value: name };
  const authorization = { identifier, url: '', status: 'pending' as const, challenges: [] };
  const [key, chain] = await crypto.createAlpnCertificate(authorization, keyAuthorization, ownKey);
  return { key: String(key), chain: String(chain) };
}

/** Settles after `ms`, or when `signal` aborts. */
export function waited(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms).unref();
    signal.addEventListener('abort', end, { once: true });
  });
}
