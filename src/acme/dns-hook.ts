/** Proves names by TXT records that a program of the operator's makes and removes. */
import type { DnsHook } from '../core/acme/acme-config.ts';
import type { DnsAction, OpenHookRunner } from '../core/provisioning/hook-run.ts';
import { CaError } from './ca-error.ts';

export interface DnsRecord {
  /** For example `example.com`. */
  readonly domain: string;
  /** Contents of the TXT record (RFC 8555 §8.4). */
  readonly value: string;
}

export interface DnsHookDeps {
  readonly hook: DnsHook;
  readonly workdir: string;
  readonly openHookRunner: OpenHookRunner;
  /** Directory of the marks of all hooks of this server. */
  readonly markDir: string;
}

/** How much of what the hook printed last is told. */
const MAX_TOLD = 300;

/** @throws {CaError} when the hook fails */
export async function runDnsHook(
  action: DnsAction,
  { domain, value }: DnsRecord,
  { hook, workdir, openHookRunner, markDir }: DnsHookDeps,
  signal: AbortSignal,
): Promise<void> {
  const runner = await openHookRunner();
  const run = {
    tenantId: null,
    action,
    workdir,
    words: hook.words,
    inheritEnv: hook.inheritEnv,
    env: { DNS_DOMAIN: domain, DNS_NAME: `_acme-challenge.${domain}`, DNS_VALUE: value },
    mark: `${markDir}/dns/${domain}/${action}`,
    timeoutMs: hook.timeoutMs,
  };
  const result = await runner.run(run, signal);
  if (result.ok) return;
  const said = result.errors.trim().split('\n').at(-1)?.slice(-MAX_TOLD) ?? '';
  const message = `dns_hook could not ${action === 'present' ? 'make' : 'remove'} the TXT record _acme-challenge.${domain}: ${result.reason}`;
  throw new CaError(said === '' ? message : `${message}: ${said}`, { status: 400, problem: null, retryAfterMs: null });
}
