/** Metrics of the server as a whole, filled at each scrape. */
import { Counter, Gauge, Registry } from 'prom-client';
import type { CertificateFace } from '../../core/acme/certificate-face.ts';
import type { TurnedAway } from '../../core/admission/turned-away.ts';
import type { BackupFace } from '../../core/backup/backup-face.ts';
import type { IdentityReading } from '../../core/identity/identity-reading.ts';
import type { NotifyPort } from '../../core/notify/notify-port.ts';
import type { HookFace } from '../../core/provisioning/hook-counts.ts';
import type { TlsReading } from '../../core/tls/tls-reading.ts';
import { faultCount } from '../../faults.ts';
import { addBackupMetrics } from './backup-metrics.ts';
import { addCertificateMetrics } from './certificate-metrics.ts';
import { addHookMetrics } from './hook-metrics.ts';
import { addIdentityMetrics } from './identity-metrics.ts';
import { addNotifyMetrics } from './notify-metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { addTlsMetrics } from './tls-metrics.ts';

export interface ServerSources {
  readonly turnedAway: TurnedAway;
  readonly identity: IdentityReading;
  readonly tls: TlsReading;
  readonly notify: Pick<NotifyPort, 'counts'>;
  readonly backups: Pick<BackupFace, 'states' | 'isOn'>;
  readonly certificates: Pick<CertificateFace, 'list' | 'isOn'>;
  readonly hooks: HookFace;
  readonly version: string;
  /** Whether tenants have series of their own. */
  isPerTenant(): boolean;
}

export function serverRegistry(sources: ServerSources): Registry {
  const registry = new Registry();
  addBuildInfo(registry, sources.version);
  addProcessMetrics(registry);
  addTurnedAway(registry, sources.turnedAway);
  addIdentityMetrics(registry, sources.identity);
  addTlsMetrics(registry, sources.tls);
  addFaults(registry);
  addNotifyMetrics(registry, sources.notify);
  addBackupMetrics(registry, sources.backups, sources.isPerTenant);
  addCertificateMetrics(registry, sources.certificates);
  addHookMetrics(registry, sources.hooks);
  return registry;
}

function addBuildInfo(registry: Registry, version: string): void {
  const help = 'Always 1; labels: versions of tenement and Node.';
  const labelNames = ['version', 'node_version'];
  const info = new Gauge({ name: 'tenement_build_info', help, labelNames, registers: [registry] });
  info.set({ version, node_version: process.versions.node }, 1);
}

function addTurnedAway(registry: Registry, turnedAway: TurnedAway): void {
  new Counter({
    name: 'tenement_connections_turned_away_total',
    help: 'Connections refused because too many were open.',
    labelNames: ['listener'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [listener, connections] of turnedAway.entries()) this.inc({ listener }, connections);
    },
  });
}

function addFaults(registry: Registry): void {
  new Counter({
    name: 'tenement_uncaught_errors_total',
    help: 'Unexpected errors inside tenement; the log has each with its stack.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(faultCount());
    },
  });
}
