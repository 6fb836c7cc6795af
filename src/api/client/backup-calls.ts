/** Calls about backups. */
import type { BackupProgress, BackupRun, BackupView, Restored } from '../../core/backup/backup-face.ts';
import type { LongOperationView } from '../../core/tenants/long-operation.ts';
import { newsOf } from './archive-calls.ts';
import type { Transport } from './transport.ts';

export interface RestoreInput {
  readonly at?: string | undefined;
  readonly id?: string | undefined;
  readonly from?: string | undefined;
  readonly start?: boolean | undefined;
}

export type RunProgress = BackupProgress & { readonly operation: LongOperationView | null };
type RunNews = { readonly progress: RunProgress } | { readonly result: BackupRun };
type RestoreNews = { readonly progress: LongOperationView } | { readonly result: Restored };

/** Each call rejects with a TenementError. */
export interface BackupClient {
  /** Oldest first. */
  list(tenant?: string): Promise<BackupView[]>;
  /** @param tenants empty: all */
  run(
    tenants: readonly string[],
    options: { force?: boolean | undefined },
    signal: AbortSignal,
  ): AsyncIterable<RunNews>;
  restore(tenant: string, input: RestoreInput, signal: AbortSignal): AsyncIterable<RestoreNews>;
  discard(tenant: string): Promise<void>;
}

const LINES = { accept: 'application/x-ndjson' };

export function backupCalls(transport: Transport): BackupClient {
  const pathOf = (tenant: string) => `/api/tenants/${encodeURIComponent(tenant)}`;
  const ask = (path: string, body: object, signal: AbortSignal) =>
    transport.lines({ method: 'POST', path, body, headers: LINES, signal });
  return {
    list: async (tenant) => {
      const { data } = await transport.json({ method: 'GET', path: '/api/backups', query: { tenant } });
      return (data as { backups: BackupView[] }).backups;
    },
    run: (tenants, { force }, signal) => {
      const [only, ...others] = tenants;
      // A token of one tenant may back that up.
      if (only !== undefined && others.length === 0)
        return newsOf<RunNews>(ask(`${pathOf(only)}/backup`, { force }, signal), signal);
      const body = { force, ...(tenants.length > 0 && { tenants }) };
      return newsOf<RunNews>(ask('/api/backups', body, signal), signal);
    },
    restore: (tenant, input, signal) => newsOf<RestoreNews>(ask(`${pathOf(tenant)}/restore`, input, signal), signal),
    discard: async (tenant) => {
      await transport.json({ method: 'DELETE', path: `${pathOf(tenant)}/before-restore` });
    },
  };
}
