/** Reads the logs of a config whose server does not run, from its files. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../config/load.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { LogFilter, LogLine } from '../core/stores/log-store.ts';
import { TenementError } from '../errors.ts';
import { logPath, readLogFiles } from '../process/output/log-files.ts';

/** @throws {TenementError} `unknown_tenant` when the instance has no log */
export async function readOfflineLogs(file: string, instance: InstanceName, filter: LogFilter): Promise<LogLine[]> {
  const dir = join(loadConfig(file).settings.stateDir, 'logs');
  if (!existsSync(logPath(dir, instance))) {
    throw new TenementError(
      'unknown_tenant',
      `the server is not running, and there is no log of ${instance} in ${dir}`,
    );
  }
  return readLogFiles(dir, instance, filter);
}
