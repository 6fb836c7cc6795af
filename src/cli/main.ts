/** The program `tenement`. */
import { processIo } from './io.ts';
import { run } from './program.ts';

// The reader of a pipe (`| head`) may leave whenever it likes.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await run(process.argv.slice(2), processIo());
