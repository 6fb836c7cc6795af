/** A tenant that answers, and meanwhile takes as many processes, as much memory or time as it can. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';

const PIECE_BYTES = 4 * 1024 * 1024;

const BOMBS: Readonly<Record<string, () => Promise<void> | void>> = {
  /** Each shell starts two of its kind, forever; the kernel refuses those over the limit. */
  fork: () => {
    const again = 'sh -c "$0" "$0" 2>/dev/null & sh -c "$0" "$0" 2>/dev/null & wait';
    for (let child = 0; child < 4; child += 1) spawn('sh', ['-c', again, again], { stdio: 'ignore' }).unref();
  },
  busy: async () => {
    for (;;) await turn();
  },
  memory: async () => {
    for (const kept: Buffer[] = []; ; await turn()) kept.push(Buffer.alloc(PIECE_BYTES, 1));
  },
};

createServer((_request, response) => response.end('still here\n')).listen(process.env['SOCKET_PATH'], () => {
  void BOMBS[process.env['BOMB'] ?? '']?.();
});
