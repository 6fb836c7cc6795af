/** Metrics of backups. */
import { Gauge, type Registry } from 'prom-client';
import type { BackupFace } from '../../core/backup/backup-face.ts';

/** Tenants with a series of their own: those whose last backup is oldest. */
const MAX_TENANTS = 500;

/** @param isPerTenant whether tenants have series of their own */
export function addBackupMetrics(
  registry: Registry,
  backups: Pick<BackupFace, 'states' | 'isOn'>,
  isPerTenant: () => boolean,
): void {
  const registers = [registry];
  new Gauge({
    name: 'tenement_backup_tenants',
    help: 'Tenants by the outcome of their last backup.',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      if (!backups.isOn) return;
      const states = backups.states();
      const failing = states.filter(({ isFailing }) => isFailing).length;
      const never = states.filter(({ isFailing, succeededAtMs }) => !isFailing && succeededAtMs === null).length;
      for (const [state, count] of Object.entries({ ok: states.length - failing - never, failing, never }))
        this.set({ state }, count);
    },
  });
  new Gauge({
    name: 'tenement_backup_last_success_timestamp_seconds',
    help: `When a tenant was last seen to be as its backup is; the ${MAX_TENANTS} oldest.`,
    labelNames: ['tenant'],
    registers,
    collect() {
      this.reset();
      if (!isPerTenant()) return;
      const states = backups.states().filter(({ succeededAtMs }) => succeededAtMs !== null);
      for (const { tenant, succeededAtMs } of states.slice(0, MAX_TENANTS))
        this.set({ tenant }, (succeededAtMs ?? 0) / 1000);
    },
  });
  new Gauge({
    name: 'tenement_backup_oldest_age_seconds',
    help: 'Age of the oldest last backup of all tenants that have one.',
    registers,
    collect() {
      this.reset();
      const oldest = backups.states().find(({ succeededAtMs }) => succeededAtMs !== null)?.succeededAtMs;
      if (oldest != null) this.set((Date.now() - oldest) / 1000);
      else this.remove();
    },
  });
}
