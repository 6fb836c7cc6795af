/** Entry point of a worker. It handles signals and messages before it loads the rest, which takes a while. */
import type { ToWorker } from './protocol.ts';

/** Signals that a terminal sends to the whole group. The server alone decides when a worker ends. */
const IGNORED = [
  'SIGINT',
  'SIGTERM',
  'SIGQUIT',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGVTALRM',
  'SIGIO',
] as const;

for (const signal of IGNORED) process.on(signal, () => {});
// A worker without its server exits, so that its port and clients can go to the next server.
process.on('disconnect', () => process.exit(0));
// The reader of the server's output may be gone.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
const worker = import('./worker.ts');
process.on('message', async (message: ToWorker) => (await worker).receive(message));
