/** Command lines of runsc(1). */
import { findProgram } from '../../launch/wrapper.ts';

/** Where to get runsc. */
export const WHERE_TO_GET = 'https://gvisor.dev/docs/user_guide/install/';

export function findRunsc(): string | null {
  return findProgram('runsc');
}

export interface Container {
  /** Directory for runsc's own state of this container; nothing else is in it. */
  readonly stateDir: string;
  /** Directory of its config.json. */
  readonly bundleDir: string;
  /** Unique on the whole machine: older releases name an abstract socket by it. */
  readonly id: string;
  readonly network: 'host' | 'none';
  /** Whether it may connect to sockets of the host that it sees. */
  readonly mayConnect: boolean;
}

/**
 * Returns the command that runs a container in the foreground and exits with its status. The container may make sockets
 * in the host's file system, stays in the cgroup that it was started in, and gets no overlay.
 */
export function runWords(runsc: string, { stateDir, bundleDir, id, network, mayConnect }: Container): string[] {
  const flags = [
    `--network=${network}`,
    `--host-uds=${mayConnect ? 'all' : 'create'}`,
    '--overlay2=none',
    '--ignore-cgroups',
  ];
  return [runsc, '--root', stateDir, ...flags, 'run', '--bundle', bundleDir, id];
}

/**
 * Returns the command that signals a container's program, derived from the command that runs it; null if that is none.
 */
export function killWords(words: readonly string[], signal: string): string[] | null {
  const [runsc, root, stateDir] = words;
  const id = words.at(-1);
  if (runsc === undefined || root !== '--root' || stateDir === undefined || id === undefined) return null;
  return [runsc, root, stateDir, 'kill', id, signal];
}
