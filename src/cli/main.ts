/** The program `tenement`. */
import { processIo } from './output/io.ts';
import { run } from './program.ts';

/** ECONNRESET comes from a socket whose reader leaves during a write. */
const READER_LEFT = new Set(['EPIPE', 'ECONNRESET']);

// The reader of a pipe (`| head`) may leave at any time.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(READER_LEFT.has(error.code ?? '') ? 0 : 1);
});

process.exitCode = await run(process.argv.slice(2), processIo());
