/**
 * Listening sockets that a service manager keeps while one server ends and the next starts, so that clients wait in the
 * kernel's queue.
 */

/** The socket for front servers; public sockets of instances. */
export const KEPT_NAMES = ['front', 'public'] as const;
export type KeptName = (typeof KEPT_NAMES)[number];

export interface SocketKeeper {
  /** Duplicates descriptors of listening sockets. Returns false if the manager cannot be reached. */
  keep(name: KeptName, fds: readonly number[]): boolean;
  /** Lets go of what is kept by the name. */
  forget(name: KeptName): void;
}
