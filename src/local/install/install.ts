/** `tenement install`: writes the systemd units of a config. */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SOCKET_NAMES } from '../../core/service/unit-sockets.ts';
import { TenementError } from '../../errors.ts';
import { isUnified } from '../../process/systemd/own-unit.ts';
import { nextSteps, START } from './next-steps.ts';
import type { ChangedConfig, InstallPlan } from './plan.ts';
import { compareUnits, UNIT_DIR, type UnitChange, unwritable, writeUnits } from './write-units.ts';

export { planInstall } from './plan.ts';
export type { UnitChange } from './write-units.ts';

export interface Installation {
  readonly changes: readonly UnitChange[];
  /** Commands that remain to be run. */
  readonly next: readonly string[];
}

/** @throws {TenementError} `host_cannot` without systemd or cgroup version 2, `bad_input` for files of somebody else */
export function install(
  { config, changedConfig, units }: InstallPlan,
  options: { force: boolean; dir?: string | undefined },
): Installation {
  const { force, dir = UNIT_DIR } = options;
  if (dir === UNIT_DIR) assertSystemd();
  const unneeded = SOCKET_NAMES.map((name) => `tenement-${name}.socket`).filter(
    (socket) => !units.some(({ name }) => name === socket),
  );
  const changes = compareUnits(units, unneeded, { dir, force });
  const ofConfig = changedConfig === null ? [] : [changeConfig(config.file, changedConfig)];
  writeUnits(changes, units, dir);
  const isChanged = changes.some(({ kind }) => kind !== 'unchanged');
  const isLoaded = isChanged && dir === UNIT_DIR && loadUnits();
  const steps = dir === UNIT_DIR ? nextSteps(changes) : [START];
  return {
    changes: [...ofConfig, ...changes],
    next: isLoaded || !isChanged ? steps : ['systemctl daemon-reload', ...steps],
  };
}

/** The file is written in place: it keeps its owner and mode, and may be a symbolic link. */
function changeConfig(path: string, { text, lines }: ChangedConfig): UnitChange {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw unwritable('config', error as Error);
  }
  return { path, kind: 'changed', difference: lines.flatMap((line) => [`- # ${line}`, `+ ${line}`]) };
}

function assertSystemd(): void {
  const hint = 'See what it would write with --print, and write it elsewhere with --dir DIR.';
  if (!existsSync('/run/systemd/system'))
    throw new TenementError('host_cannot', 'systemd is not the first program of this machine', { hint });
  if (!isUnified())
    throw new TenementError('host_cannot', 'the units need cgroup version 2, and this machine has version 1', { hint });
}

function loadUnits(): boolean {
  try {
    execFileSync('systemctl', ['daemon-reload'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** What stands where the units are, for a person who wants to read them. */
export function describeUnits({ units }: InstallPlan, dir = UNIT_DIR): string {
  return units.map(({ name, text }) => `# ${join(dir, name)}\n${text}`).join('\n');
}
