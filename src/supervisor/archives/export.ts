/** Reads a tenant into an archive. */
import type {
  Archives,
  Capture,
  CaptureOptions,
  CaptureReport,
  ClientFile,
  CopySource,
  CopyTotals,
  LeftOut,
} from '../../core/archive/copies.ts';
import { type Manifest, manifestOf } from '../../core/archive/manifest.ts';
import { MAX_DOMAINS } from '../../core/domains/domain.ts';
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

/** @param deliver takes the archive to its end */
export function exportTenant(
  tenantId: string,
  options: ExportOptions,
  deliver: Deliver,
  alone: Alone,
): Promise<CaptureReport> {
  return exporting(tenantId, options, alone, async ({ source, leftOut, captureOptions, headFor, archives }) => {
    const capture = await archives.capture(source, captureOptions);
    try {
      const report = capture.report.then((own) => withLeftOut(own, leftOut));
      report.catch(() => {});
      await deliver({ bytes: bytesOf(await headFor(capture.totals), capture), report });
      return await report;
    } finally {
      captureOptions.stop();
      await capture.report.catch(() => {});
    }
  });
}

/** Exports into a file of a client's on this machine. */
export function exportTenantInto(
  tenantId: string,
  file: ClientFile,
  options: ExportOptions,
  alone: Alone,
): Promise<CaptureReport> {
  return exporting(tenantId, options, alone, async ({ source, leftOut, captureOptions, headFor, archives }) => {
    const capture = await archives.captureInto(file, source, captureOptions);
    try {
      await capture.begin(await headFor(capture.totals));
      return withLeftOut(await capture.report, leftOut);
    } finally {
      captureOptions.stop();
      await capture.report.catch(() => {});
    }
  });
}

interface Exporting {
  readonly archives: Archives;
  readonly source: CopySource;
  /** What the source lacks already. */
  readonly leftOut: readonly LeftOut[];
  readonly captureOptions: CaptureOptions & { stop(): void };
  /** Returns the beginning of the archive, once it is known what there is to read. */
  headFor(totals: CopyTotals): Promise<Uint8Array>;
}

function exporting(
  tenantId: string,
  { still = false, passphrase }: ExportOptions,
  alone: Alone,
  run: (exporting: Exporting) => Promise<CaptureReport>,
): Promise<CaptureReport> {
  return alone([tenantId], async (running) => {
    const { parts, archives, signal } = running;
    const record = foundTenant(tenantId, parts);
    const secrets = passphrase === undefined ? null : { passphrase, all: await secretsOf(tenantId, parts) };
    const headFor = (totals: CopyTotals) => {
      running.progress.total = totals;
      return headOf(manifestFor(record, { totals }, secrets !== null, parts), secrets, running);
    };
    const report = await withSource(record, { still, signal }, archives, parts, (source, leftOut) =>
      run({ archives, source, leftOut, captureOptions: captureOptionsOf(running), headFor }),
    );
    const { files, bytes, leftOutCount } = report;
    tellCopy('tenant-exported', tenantId, 'exported', { files, bytes, still, leftOut: leftOutCount }, running);
    return report;
  });
}

function captureOptionsOf({ signal, progress }: Running): Exporting['captureOptions'] {
  const stop = new AbortController();
  return {
    withoutLinksOut: true,
    compressed: true,
    signal: AbortSignal.any([signal, stop.signal]),
    onProgress: (done) => void Object.assign(progress, { done }),
    stop: () => stop.abort(),
  };
}

export function manifestFor(
  record: TenantRecord,
  { totals }: Pick<Capture, 'totals'>,
  hasSecrets: boolean,
  parts: SupervisorParts,
): Manifest {
  const { tenantInstances, instanceTable, domains, deps } = parts;
  const instances = tenantInstances.names(record.id).flatMap((name) => instanceTable.record(name) ?? []);
  const { version: tenement, clock } = deps;
  const own = domains.store.page({ tenantId: record.id, limit: MAX_DOMAINS });
  return manifestOf({ record, instances, domains: own, totals, hasSecrets, tenement, nowMs: clock.nowMs() });
}

interface Secrets {
  readonly passphrase: string;
  readonly all: readonly PlainSecret[];
}

async function headOf(manifest: Manifest, secrets: Secrets | null, { archives }: Running): Promise<Uint8Array> {
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
