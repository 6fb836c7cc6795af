/** What a service's tenants see, where its config may be taken to show them less or more. */
import { realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { HIDDEN } from '../core/layers.ts';
import { isWithin, isWithinAny } from '../core/paths.ts';
import type { Config, ServiceConfig } from '../core/service.ts';

/** Readable for others. */
const OTHERS_MAY_READ = 0o004;

/** A sentence for each. */
export function viewWarnings({ file, services }: Pick<Config, 'file' | 'services'>): string[] {
  const walled = [...services.values()].filter(({ isolation }) => isolation !== 'process');
  return walled.flatMap((service) => [...loneFiles(service), ...configInWorkdir(service, file)]);
}

function loneFiles({ name, command, workdir, readOnlyPaths }: ServiceConfig): string[] {
  const seen = [workdir, ...(readOnlyPaths ?? [])];
  return command
    .slice(1)
    .filter((word) => isAbsolute(word) && isWithinAny(word, HIDDEN) && !isWithinAny(word, seen) && isFile(word))
    .map(
      (word) =>
        `service.${name}.command: of what lies in ${dirname(word)}, tenants see ${word} alone: ` +
        'where it needs its neighbours, set workdir to that directory',
    );
}

/** It is hidden as the file that it is when they start. */
function configInWorkdir({ name, workdir, user }: ServiceConfig, file: string): string[] {
  const target = real(file);
  const isOpen = user !== 'dynamic' || (statSync(target, { throwIfNoEntry: false })?.mode ?? 0) & OTHERS_MAY_READ;
  if (!isOpen || !isWithin(target, real(workdir))) return [];
  const way = user === 'dynamic' ? `chmod 600 ${target}, or keep it elsewhere` : 'keep it elsewhere';
  return [
    `service.${name}: the config lies in workdir, where tenants that run can read one that takes its place: ${way}`,
  ];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
