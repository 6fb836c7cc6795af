/** The library in the test's own process. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { Hypervisor } from '../../src/hypervisor.ts';
import type { HypervisorOptions } from '../../src/library/options.ts';
import { temporaryDirectory, writeConfig } from './support.ts';

/** Loads a config, with data and sockets in a temporary directory. Closed when the test ends. */
export async function loadHypervisor(toml: string, options: HypervisorOptions = {}): Promise<Hypervisor> {
  const dir = temporaryDirectory();
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  vi.stubEnv('XDG_RUNTIME_DIR', dir);
  onTestFinished(() => void vi.unstubAllEnvs());
  const file = join(dir, 'tenement.toml');
  writeConfig(file, toml);
  const hypervisor = await Hypervisor.load(file, options);
  onTestFinished(() => hypervisor.close({ drainTimeoutMs: 0 }));
  return hypervisor;
}
