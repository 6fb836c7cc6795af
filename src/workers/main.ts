/** The program of a worker. It takes its signals and its messages before it loads the rest, which takes a while. */
import type { ToWorker } from './protocol.ts';

/** A terminal sends some to the whole group, and none is to end a worker: the server says when it is over. */
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
// Its port and its clients are the next server's.
process.on('disconnect', () => process.exit(0));
// Whoever reads what the server prints may leave.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
const worker = import('./worker.ts');
process.on('message', async (message: ToWorker) => (await worker).receive(message));
