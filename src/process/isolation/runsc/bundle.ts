/** The bundle of a container, in a directory that only the server enters. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Container } from './command.ts';
import { type ContainerOptions, containerSpec } from './spec.ts';

const NAME_CHARACTERS = 16;

/** Identifies the bundle of one instance of one server. */
export interface BundleKey {
  /** A directory of the server's own. */
  readonly parent: string;
  /** The path that the application binds, which differs for each instance. */
  readonly bindSocket: string;
}

/** Makes a fresh bundle. @throws {Error} when files cannot be written */
export function makeBundle(
  key: BundleKey,
  access: Pick<Container, 'network' | 'mayConnect'>,
  options: Omit<ContainerOptions, 'emptyDir' | 'emptyFile'>,
): Container {
  const dir = bundleDir(key);
  rmSync(dir, { recursive: true, force: true });
  const [bundle = '', state = '', emptyDir = ''] = ['bundle', 'state', 'empty'].map((name) => join(dir, name));
  for (const one of [bundle, state, emptyDir]) mkdirSync(one, { recursive: true, mode: 0o700 });
  const emptyFile = join(dir, 'nothing');
  // Cannot be opened, like the device that hides a file in a namespace.
  writeFileSync(emptyFile, '', { mode: 0 });
  const spec = containerSpec({ ...options, emptyDir, emptyFile });
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec), { mode: 0o600 });
  return { stateDir: state, bundleDir: bundle, id: `tenement-${nameOf(key)}`, ...access };
}

/** Removes a bundle; does nothing if there is none. */
export function removeBundle(key: BundleKey): void {
  rmSync(bundleDir(key), { recursive: true, force: true });
}

/** Returns the directory that holds everything made for one container. */
export function bundleDir(key: BundleKey): string {
  return join(key.parent, 'sandbox', nameOf(key));
}

function nameOf({ bindSocket }: BundleKey): string {
  return createHash('sha256').update(bindSocket).digest('hex').slice(0, NAME_CHARACTERS);
}
