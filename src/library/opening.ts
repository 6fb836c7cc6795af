/** The begin of a hypervisor. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { openParts, type Parts } from '../compose.ts';
import type { LoadOptions } from '../config/load.ts';
import { assertLoadInput, assertTemporaryConfig } from '../core/input/library/library-input.ts';
import type { Clock } from '../core/ports.ts';
import { silentLogger } from '../logger.ts';
import { turns } from '../node/event-loop-turns.ts';
import { processHooks } from './lifecycle-hooks.ts';
import { guardedLogger, type HypervisorOptions, type TemporaryConfig, type TemporaryOptions } from './options.ts';

/** @throws {TenementError} as `Hypervisor.load` */
export function openFile(file: string, options: HypervisorOptions): Promise<Parts> {
  assertLoadInput(file, options);
  const { dataDir } = options;
  return open(file, options, dataDir === undefined ? {} : { dataDir: resolve(dataDir) });
}

/** What is temporary, and its end. */
export interface Temporary {
  readonly parts: Parts;
  /** Deletes its directory. */
  remove(): Promise<void>;
}

/** @throws {TenementError} as `Hypervisor.load` */
export async function openTemporary(config: TemporaryConfig, options: TemporaryOptions): Promise<Temporary> {
  assertTemporaryConfig(config);
  assertLoadInput('temporary', options);
  const dir = mkdtempSync(join(tmpdir(), 'tenement-'));
  // The users of tenants must pass through this directory to their data.
  chmodSync(dir, 0o711);
  const remove = async () => void (await promisify(execFile)('rm', ['-rf', '--one-file-system', dir]));
  const own = { dataDir: join(dir, 'data'), runtimeDir: join(dir, 'run') };
  try {
    if ('file' in config) return { parts: await open(config.file, options, own), remove };
    const file = join(dir, 'tenement.toml');
    writeFileSync(file, config.toml);
    const configDir = resolve(config.dir ?? '.');
    return { parts: await open(file, options, { ...own, configDir }), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function open(file: string, options: HypervisorOptions, loadOptions: LoadOptions): Promise<Parts> {
  const { logger: given, proxyPort, hooks, clock } = options;
  const logger = given === undefined ? silentLogger() : guardedLogger(given);
  return openParts(file, {
    logger,
    loadOptions,
    processHooks: processHooks(hooks, logger),
    ...(proxyPort !== undefined && { proxyPort }),
    ...(clock !== undefined && { clock: inTurns(clock) }),
  });
}

/** Spreads what becomes due at once over turns of the event loop, as the system's clock does. */
function inTurns(clock: Clock): Clock {
  return {
    nowMs: () => clock.nowMs(),
    after: (delayMs, run) => {
      let isCancelled = false;
      const cancel = clock.after(delayMs, () => turns.do(() => void (isCancelled || run())));
      return () => {
        isCancelled = true;
        cancel();
      };
    },
  };
}
