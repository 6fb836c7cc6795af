/** Backups behind the API: remembers what it was asked, and answers what it is told to. */
import type {
  BackupFace,
  BackupRun,
  BackupState,
  BackupVerbs,
  BackupView,
  Restored,
} from '../../src/core/backup/backup-face.ts';

export class FakeBackups implements BackupFace, BackupVerbs {
  readonly calls: unknown[][] = [];
  isOn = true;
  views: BackupView[] = [];
  known: BackupState[] = [];

  by(): BackupVerbs {
    return this;
  }

  async list(tenant?: string): Promise<BackupView[]> {
    return this.views.filter((view) => tenant === undefined || view.tenant === tenant);
  }

  states(): BackupState[] {
    return this.known;
  }

  async run({ tenants, force }: Parameters<BackupVerbs['run']>[0]): Promise<BackupRun> {
    this.calls.push(['run', tenants, force]);
    return { repository: '/backups', isNew: false, results: [], problem: null };
  }

  async restore(
    tenant: string,
    { signal: _signal, ...options }: Parameters<BackupVerbs['restore']>[1],
  ): Promise<Restored> {
    this.calls.push(['restore', tenant, options]);
    const from = { tenant, id: 'abc', at: '2026-01-01T00:00:00.000Z', server: 'here' };
    return { from, files: 1, bytes: 2, keptAs: null, notes: [] };
  }

  async discard(tenant: string): Promise<void> {
    this.calls.push(['discard', tenant]);
  }
}
