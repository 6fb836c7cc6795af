/** How runsc(1) is called. */
import { findProgram } from '../../launch/wrapper.ts';

/** What it is, and where those who lack it find it. */
export const WHERE_TO_GET = 'https://gvisor.dev/docs/user_guide/install/';

export function findRunsc(): string | null {
  return findProgram('runsc');
}

export interface Container {
  /** Where runsc keeps what it knows of it; nothing else is in there. */
  readonly stateDir: string;
  /** The directory of its config.json. */
  readonly bundleDir: string;
  /** Of the whole machine: older releases name an abstract socket by it. */
  readonly id: string;
  readonly network: 'host' | 'none';
}

/**
 * Runs it in the foreground, until its end and with its exit status. It may make sockets in the host's file system, but
 * connect to none there; it stays in the cgroup that it was started in; nothing is written over the root.
 */
export function runWords(runsc: string, { stateDir, bundleDir, id, network }: Container): string[] {
  const flags = [`--network=${network}`, '--host-uds=create', '--overlay2=none', '--ignore-cgroups'];
  return [runsc, '--root', stateDir, ...flags, 'run', '--bundle', bundleDir, id];
}

/** Sends a signal to the program of a container, given the words that run it; null for other words. */
export function killWords(words: readonly string[], signal: string): string[] | null {
  const [runsc, root, stateDir] = words;
  const id = words.at(-1);
  if (runsc === undefined || root !== '--root' || stateDir === undefined || id === undefined) return null;
  return [runsc, root, stateDir, 'kill', id, signal];
}
