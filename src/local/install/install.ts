/** `tenement install`: writes the systemd units of a config. */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SOCKET_NAMES } from '../../core/service/unit-sockets.ts';
import { TenementError } from '../../errors.ts';
import { isUnified } from '../../process/systemd/own-unit.ts';
import { ENABLE, type NextSteps, nextSteps, START } from './next-steps.ts';
import { isOutdated } from './outdated.ts';
import type { ChangedConfig, InstallPlan } from './plan.ts';
import { compareUnits, UNIT_DIR, type UnitChange, unwritable, writeUnits } from './write-units.ts';

export { planInstall } from './plan.ts';
export type { UnitChange } from './write-units.ts';

export interface Installation {
  readonly changes: readonly UnitChange[];
  /** Commands that were run. */
  readonly done: readonly string[];
  /** Commands that remain to be run. */
  readonly next: readonly string[];
}

export interface InstallationOptions {
  readonly force: boolean;
  readonly dir?: string | undefined;
  /** Whether the server is to run under the units when this returns. */
  readonly now?: boolean | undefined;
}

/**
 * @throws {TenementError} `host_cannot` without systemd or cgroup version 2, and when systemd cannot start the server;
 * `bad_input` for files of somebody else
 */
export function install({ config, changedConfig, units }: InstallPlan, options: InstallationOptions): Installation {
  const { force, dir = UNIT_DIR, now = false } = options;
  if (dir === UNIT_DIR) assertSystemd();
  const unneeded = SOCKET_NAMES.map((name) => `tenement-${name}.socket`).filter(
    (socket) => !units.some(({ name }) => name === socket),
  );
  const changes = compareUnits(units, unneeded, { dir, force });
  const ofConfig = changedConfig === null ? [] : [changeConfig(config.file, changedConfig)];
  const all = [...ofConfig, ...changes];
  writeUnits(changes, units, dir);
  const isChanged = changes.some(({ kind }) => kind !== 'unchanged');
  if (dir !== UNIT_DIR) return { changes: all, done: [], next: isChanged ? [RELOAD, START] : [START] };
  const isLoaded = !isChanged || succeeds(RELOAD);
  const { steps, later } = nextSteps(changes.map((change) => ({ ...change, isOutdated: isOutdated(change) })));
  if (!now) return { changes: all, done: [], next: [...(isLoaded ? [] : [RELOAD]), ...steps, ...later] };
  const done = withRestart(steps);
  for (const step of done) run(step);
  return { changes: all, done, next: later };
}

const RELOAD = 'systemctl daemon-reload';

/** The file is written in place: it keeps its owner and mode, and may be a symbolic link. */
function changeConfig(path: string, { text, lines }: ChangedConfig): UnitChange {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw unwritable('config', error as Error);
  }
  return { path, kind: 'changed', difference: lines.flatMap((line) => [`- # ${line}`, `+ ${line}`]) };
}

/** The config may have changed where its units have not. */
function withRestart(steps: NextSteps['steps']): readonly string[] {
  if (steps.includes(START)) return steps;
  const others = steps.filter((step) => step !== ENABLE);
  return [ENABLE, ...(others.length === 0 ? ['systemctl restart tenement.service'] : others)];
}

function run(step: string): void {
  const [program = '', ...words] = step.split(' ');
  try {
    execFileSync(program, words, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    throw new TenementError('host_cannot', `${step}: ${stderr.trim().split('\n')[0] || message}`, {
      hint: 'The reason is in `journalctl --unit tenement --lines 20`.',
    });
  }
}

function succeeds(step: string): boolean {
  try {
    run(step);
    return true;
  } catch {
    return false;
  }
}

function assertSystemd(): void {
  const hint = 'See what it would write with --print, and write it elsewhere with --dir DIR.';
  if (!existsSync('/run/systemd/system'))
    throw new TenementError('host_cannot', 'systemd is not the first program of this machine', { hint });
  if (!isUnified())
    throw new TenementError('host_cannot', 'the units need cgroup version 2, and this machine has version 1', { hint });
}

/** What stands where the units are, for a person who wants to read them. */
export function describeUnits({ units }: InstallPlan, dir = UNIT_DIR): string {
  return units.map(({ name, text }) => `# ${join(dir, name)}\n${text}`).join('\n');
}
