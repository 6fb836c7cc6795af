/** Reads a tenant into an archive. */
import type { Capture, CaptureReport } from '../../core/archive/copies.ts';
import { type Manifest, manifestOf } from '../../core/archive/manifest.ts';
import type { PlainSecret } from '../../core/secrets/vault.ts';
import type { TenantRecord } from '../../core/tenants/tenant.ts';
import type { ArchiveStream, ExportOptions } from '../../core/verbs/archive-verbs.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';
import { foundTenant } from '../tenants/tenant-list.ts';
import { bindingOf, secretsOf } from './archived-secrets.ts';
import { withSource } from './capturing.ts';
import { tellCopy } from './events.ts';
import type { Alone, Running } from './running.ts';

type Deliver = (archive: ArchiveStream) => Promise<void>;

export function exportTenant(
  tenantId: string,
  { still = false, passphrase }: ExportOptions,
  deliver: Deliver,
  alone: Alone,
): Promise<CaptureReport> {
  return alone([tenantId], async (running) => {
    const { parts, archives, signal } = running;
    const record = foundTenant(tenantId, parts);
    const secrets = passphrase === undefined ? null : { passphrase, all: await secretsOf(tenantId, parts) };
    const report = await withSource(record, { still, signal }, archives, parts, async (source, leftOut) => {
      const stop = new AbortController();
      const either = AbortSignal.any([signal, stop.signal]);
      const onProgress = (done: Running['progress']['done']) => void Object.assign(running.progress, { done });
      const options = { withoutLinksOut: true, compressed: true, signal: either, onProgress };
      const capture = await archives.capture(source, options);
      running.progress.total = capture.totals;
      try {
        const manifest = manifestFor(record, capture, secrets !== null, parts);
        const report = capture.report.then((own) => withLeftOut(own, leftOut));
        report.catch(() => {});
        await deliver({ bytes: bytesOf(await headFor(manifest, secrets, running), capture), report });
        return await report;
      } finally {
        stop.abort();
        await capture.report.catch(() => {});
      }
    });
    const { files, bytes, leftOutCount } = report;
    tellCopy('tenant-exported', tenantId, 'exported', { files, bytes, still, leftOut: leftOutCount }, running);
    return report;
  });
}

export function manifestFor(
  record: TenantRecord,
  { totals }: Capture,
  hasSecrets: boolean,
  parts: SupervisorParts,
): Manifest {
  const { tenantInstances, instanceTable, domains, deps } = parts;
  const instances = tenantInstances.names(record.id).flatMap((name) => instanceTable.record(name) ?? []);
  const { version: tenement, clock } = deps;
  const hosts = domains.store.hostsOf(record.id);
  return manifestOf({ record, instances, domains: hosts, totals, hasSecrets, tenement, nowMs: clock.nowMs() });
}

interface Secrets {
  readonly passphrase: string;
  readonly all: readonly PlainSecret[];
}

async function headFor(manifest: Manifest, secrets: Secrets | null, { archives }: Running): Promise<Uint8Array> {
  const sealed =
    secrets === null
      ? null
      : await archives.sealSecrets(secrets.all, { passphrase: secrets.passphrase, binding: bindingOf(manifest) });
  return archives.headOf({ manifest: `${JSON.stringify(manifest, null, 2)}\n`, secrets: sealed });
}

/** An archive that could not be completed ends with an error, so that nobody takes it for a whole one. */
export async function* bytesOf(head: Uint8Array, { stream, report }: Capture): AsyncGenerator<Uint8Array> {
  yield head;
  yield* stream;
  await report;
}

function withLeftOut(report: CaptureReport, before: CaptureReport['leftOut']): CaptureReport {
  const leftOutCount = report.leftOutCount + before.length;
  return { ...report, leftOut: [...before, ...report.leftOut], leftOutCount };
}
