/** Everything that a hostile tenant tries, with what the documentation promises for each level. */
import type { Attempt } from './attempt.ts';
import { FILES } from './attempts/files.ts';
import { KERNEL } from './attempts/kernel.ts';
import { PRIVILEGES } from './attempts/privileges.ts';
import { PROCESSES } from './attempts/processes.ts';
import { RESOURCES } from './attempts/resources.ts';
import { SOCKETS } from './attempts/sockets.ts';

export const ATTEMPTS: readonly Attempt[] = [
  ...FILES,
  ...SOCKETS,
  ...PROCESSES,
  ...RESOURCES,
  ...PRIVILEGES,
  ...KERNEL,
];
