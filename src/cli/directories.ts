/** The directories that a server needs. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../core/service.ts';
import { TenementError } from '../errors.ts';

/** @throws {TenementError} `state_failed` when a directory of the config's cannot be made or written */
export function assertDirectories({ settings }: Config): void {
  const { dataDir, runtimeDir } = settings;
  for (const [key, path] of Object.entries({ data_dir: dataDir, runtime_dir: runtimeDir })) {
    const there = nearestExisting(path);
    const why = whyNotWritable(there);
    if (why === null) continue;
    throw new TenementError('state_failed', `settings.${key} (${path}) cannot be used: ${there} ${why}`, {
      hint: 'Name another directory, or make this one writable for the user that runs `tenement serve`.',
    });
  }
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}

function whyNotWritable(path: string): string | null {
  if (!statSync(path).isDirectory()) return 'is not a directory';
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return null;
  } catch {
    return 'is not writable for this user';
  }
}
