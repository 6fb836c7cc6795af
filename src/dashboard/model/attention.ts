/** What an operator should look at, and why, the most urgent first. Pure. */
import type { CertificateView } from '../../core/acme/certificate-view.ts';
import type { InstanceRow, TenantRow } from '../../core/dashboard/views.ts';
import type { EventEntry } from '../../core/lifecycle/event-entry.ts';
import { count, duration, plural } from './format.ts';
import { tenantPath } from './route.ts';
import { type Rows, splitInstance } from './rows.ts';

export interface Concern {
  readonly level: 'bad' | 'warn';
  /** What it is about: an instance, a tenant, or the name of a certificate. */
  readonly subject: string;
  /** One word, such as a state. */
  readonly word: string;
  readonly why: string;
  /** null: there is no screen for it. */
  readonly path: string | null;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Renewal is due a third of the lifetime before the end; less than this means that it has failed for long. */
const CERTIFICATE_DAYS = 14;
const EXPIRY_DAYS = 7;
/** Of the memory limit. */
const FULL = 0.9;
/** Ends of processes that recover by themselves, but should not happen. */
const CRASHES = new Set(['crashed', 'oom-killed', 'unhealthy', 'start-failed', 'start-timeout', 'spawn-failed']);

export interface AttentionInput {
  readonly rows: Rows;
  readonly certificates: readonly CertificateView[];
  readonly events: readonly EventEntry[];
  readonly nowMs: number;
}

export function concerns({ rows, certificates, events, nowMs }: AttentionInput): Concern[] {
  const found = [
    ...Array.from(rows.instances.values()).flatMap(ofInstance),
    ...Array.from(rows.tenants.values()).flatMap((row) => ofTenant(row, nowMs)),
    ...certificates.flatMap(ofCertificate),
  ];
  const told = new Set(found.map(({ subject }) => subject));
  found.push(...ofCrashes(events, rows, nowMs).filter(({ subject }) => !told.has(subject)));
  return found.sort((a, b) => (a.level === b.level ? 0 : a.level === 'bad' ? -1 : 1));
}

function ofInstance({ instance, state, reason, memoryBytes, memoryLimitBytes }: InstanceRow): Concern[] {
  const path = tenantPath(splitInstance(instance).id);
  if (state === 'failed' || state === 'backoff') {
    return [{ level: 'bad', subject: instance, word: state, why: reason, path }];
  }
  if (memoryBytes === null || memoryLimitBytes === null || memoryBytes < memoryLimitBytes * FULL) return [];
  const why = `uses ${Math.round((memoryBytes / memoryLimitBytes) * 100)} % of its memory limit`;
  return [{ level: 'warn', subject: instance, word: 'memory', why, path }];
}

function ofTenant({ id, state, reason, expiresAt }: TenantRow, nowMs: number): Concern[] {
  const path = tenantPath(id);
  if (state === 'over_quota') return [{ level: 'warn', subject: id, word: 'over quota', why: reason, path }];
  if (state === 'provisioning') return [{ level: 'warn', subject: id, word: 'provisioning', why: reason, path }];
  const leftMs = expiresAt === null ? null : Date.parse(expiresAt) - nowMs;
  if (state !== 'active' || leftMs === null || leftMs > EXPIRY_DAYS * DAY_MS) return [];
  return [{ level: 'warn', subject: id, word: 'expires', why: `expires in ${duration(leftMs)}`, path }];
}

function ofCertificate({ name, tenant, state, daysLeft, lastError }: CertificateView): Concern[] {
  const path = tenant === null ? '#/host' : tenantPath(tenant);
  const about = { subject: name, word: 'certificate', path };
  const because = lastError === null ? '' : `: ${lastError}`;
  if (state === 'failed' || state === 'expired') {
    return [{ ...about, level: 'bad', why: `has no valid certificate${because}` }];
  }
  if (daysLeft === null || daysLeft > CERTIFICATE_DAYS) return [];
  return [{ ...about, level: 'warn', why: `its certificate expires in ${plural(daysLeft, 'day')}${because}` }];
}

function ofCrashes(events: readonly EventEntry[], { instances }: Rows, nowMs: number): Concern[] {
  const byInstance = new Map<string, EventEntry[]>();
  for (const event of events) {
    if (event.instance === null || !CRASHES.has(event.type) || nowMs - Date.parse(event.at) > HOUR_MS) continue;
    const before = byInstance.get(event.instance);
    if (before === undefined) byInstance.set(event.instance, [event]);
    else before.push(event);
  }
  return Array.from(byInstance, ([instance, all]): Concern[] => {
    const last = all.at(-1);
    const state = instances.get(instance)?.state;
    if (last === undefined || state === undefined) return [];
    const times = all.length === 1 ? 'once' : `${count(all.length)} times`;
    const why = `${times} in the last hour, and is ${state} now. Last: ${last.message}`;
    return [{ level: 'warn', subject: instance, word: last.type, why, path: tenantPath(splitInstance(instance).id) }];
  }).flat();
}
