/** Reads the logs of a config whose server does not run, from its files. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEntry } from '../api/client.ts';
import { loadConfig } from '../config/load.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { LogFilter } from '../core/stores/log-store.ts';
import { TenementError } from '../errors.ts';
import { logPath, readLogFiles } from '../process/output/log-files.ts';

/** @throws {TenementError} `unknown_tenant` when the instance has no log */
export async function readOfflineLogs(file: string, instance: InstanceName, filter: LogFilter): Promise<LogEntry[]> {
  const dir = join(loadConfig(file).settings.stateDir, 'logs');
  if (!existsSync(logPath(dir, instance))) {
    throw new TenementError('unknown_tenant', `the server does not run, and there is no log of ${instance} in ${dir}`);
  }
  const lines = await readLogFiles(dir, instance, filter);
  return lines.map(({ atMs, stream, text }) => ({ at: new Date(atMs).toISOString(), stream, text }));
}
