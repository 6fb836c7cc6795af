/** The program `tenement`. */
import { processIo } from './output/io.ts';
import { run } from './program.ts';

/** The second from a socket, when its reader leaves in the midst of a write. */
const READER_LEFT = new Set(['EPIPE', 'ECONNRESET']);

// The reader of a pipe (`| head`) may leave whenever it likes.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(READER_LEFT.has(error.code ?? '') ? 0 : 1);
});

process.exitCode = await run(process.argv.slice(2), processIo());
