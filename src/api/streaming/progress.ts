/** Answers that tell progress in lines of JSON until they have their result, in the last line. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toTenementError } from '../../errors.ts';
import { toProblem } from '../problem.ts';

const EVERY_MS = 500;
const LINES = 'application/x-ndjson';

export function wantsProgress({ headers }: FastifyRequest): boolean {
  return (headers.accept ?? '').includes(LINES);
}

/**
 * Sends `{"progress":…}` from time to time, then `{"result":…}` or `{"error":…}`, a problem document. The status is 200 in
 * any case.
 */
export async function sendWithProgress(
  reply: FastifyReply,
  progress: () => object | null,
  run: () => Promise<object>,
): Promise<FastifyReply> {
  const { raw } = reply;
  reply.hijack();
  raw.writeHead(200, {
    'content-type': LINES,
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    connection: 'close',
  });
  const timer = setInterval(() => {
    const now = progress();
    if (now !== null && !raw.writableNeedDrain) raw.write(line({ progress: now }));
  }, EVERY_MS);
  timer.unref();
  try {
    raw.end(line({ result: await run() }));
  } catch (error) {
    raw.end(line({ error: toProblem(toTenementError(error), reply.request.id) }));
  } finally {
    clearInterval(timer);
  }
  return reply;
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
