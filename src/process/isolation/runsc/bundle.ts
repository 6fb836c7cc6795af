/** What a container is made of, in a directory that only the server enters. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Container } from './command.ts';
import { type ContainerOptions, containerSpec } from './spec.ts';

const NAME_CHARACTERS = 16;

/** Where those of one server lie, and which of them it is. */
export interface BundleKey {
  /** The server's own. */
  readonly stateDir: string;
  /** Where its application binds, which is another for each instance. */
  readonly bindSocket: string;
}

/** Makes it anew. @throws {Error} */
export function makeBundle(
  key: BundleKey,
  network: Container['network'],
  options: Omit<ContainerOptions, 'emptyDir' | 'emptyFile'>,
): Container {
  const dir = bundleDir(key);
  rmSync(dir, { recursive: true, force: true });
  const [bundle = '', state = '', emptyDir = ''] = ['bundle', 'state', 'empty'].map((name) => join(dir, name));
  for (const one of [bundle, state, emptyDir]) mkdirSync(one, { recursive: true, mode: 0o700 });
  const emptyFile = join(dir, 'nothing');
  // As in a namespace, where it is a device that cannot be opened.
  writeFileSync(emptyFile, '', { mode: 0 });
  const spec = containerSpec({ ...options, emptyDir, emptyFile });
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec), { mode: 0o600 });
  return { stateDir: state, bundleDir: bundle, id: `tenement-${nameOf(key)}`, network };
}

/** Does nothing where there is none. */
export function removeBundle(key: BundleKey): void {
  rmSync(bundleDir(key), { recursive: true, force: true });
}

/** All that is made for it lies in there. */
export function bundleDir(key: BundleKey): string {
  return join(key.stateDir, 'sandbox', nameOf(key));
}

function nameOf({ bindSocket }: BundleKey): string {
  return createHash('sha256').update(bindSocket).digest('hex').slice(0, NAME_CHARACTERS);
}
