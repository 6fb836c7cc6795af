/** Backups as text for people. */
import type { BackupResult, BackupView } from '../../../core/backup/backup-face.ts';
import { bytes, plural } from '../../output/format.ts';
import type { Column } from '../../output/table.ts';
import { terminalText } from '../../output/terminal-text.ts';

/** As restic shortens it. */
const SHORT_ID = 8;

export function resultLine({ tenant, outcome, id, at, bytes: all, addedBytes, notes }: BackupResult): string {
  const short = id?.slice(0, SHORT_ID);
  if (outcome === 'saved')
    return `${tenant}: backed up as ${short}, ${bytes(all)}, of which ${bytes(addedBytes)} are new`;
  if (outcome === 'unchanged') return `${tenant}: unchanged since its backup ${short} of ${at}`;
  return `${tenant}: failed: ${notes.join('; ')}`;
}

export function summaryLine(results: readonly BackupResult[]): string {
  const count = (outcome: BackupResult['outcome']) => results.filter((one) => one.outcome === outcome).length;
  return `${plural(results.length, 'tenant')}: ${count('saved')} backed up, ${count('unchanged')} unchanged, ${count('failed')} failed`;
}

/** `--at` takes the time, and `--from` the server. */
export const BACKUP_COLUMNS: readonly Column[] = [
  { heading: 'TENANT' },
  { heading: 'AT' },
  { heading: 'ID', rank: 1 },
  { heading: 'SERVER' },
];

export function backupRow({ tenant, at, id, server }: BackupView): string[] {
  return [tenant, at, id.slice(0, SHORT_ID), terminalText(server)];
}
