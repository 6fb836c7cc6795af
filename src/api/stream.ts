/** Long answers: JSON lines or server-sent events, with backpressure. */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../logger.ts';

/** Keeps proxies between from closing a quiet stream, and finds out that the client is gone. */
const KEEP_ALIVE_MS = 15_000;
/** Items joined into one write. */
const BATCH = 500;

export interface StreamItem {
  /** The id of the server-sent event, or null. */
  readonly id: string | null;
  readonly json: object;
}

/** Followers that are open, so that closing the API can end them. */
export type Followers = Set<() => void>;

export interface StreamSource {
  readonly history: readonly StreamItem[];
  /** What comes after, or null: the answer ends with the history. */
  readonly live: AsyncIterable<readonly StreamItem[]> | null;
  /** Cuts the answer off when it aborts: the client reads too slowly. */
  readonly cut: AbortSignal | null;
  /** Makes `live` end; called once, whatever happens. */
  readonly stop: () => void;
}

export function wantsEventStream(request: FastifyRequest): boolean {
  return (request.headers.accept ?? '').includes('text/event-stream');
}

/** Sends the source as the request's answer. Settles when it has ended or the client has left. */
export async function sendStream(
  request: FastifyRequest,
  reply: FastifyReply,
  source: StreamSource,
  context: { followers: Followers; logger: Logger; closing: AbortController },
): Promise<void> {
  const events = wantsEventStream(request);
  const response = reply.raw;
  reply.hijack();
  context.followers.add(source.stop);
  response.once('close', source.stop);
  if (response.destroyed || context.closing.signal.aborted) source.stop();
  const keepAlive = events ? setInterval(() => comment(response), KEEP_ALIVE_MS).unref() : undefined;
  response.writeHead(200, headers(events, source.live !== null));
  response.flushHeaders();
  try {
    const body = Readable.from(chunks(source, events ? asEvent : asLine));
    await pipeline(body, response, source.cut === null ? {} : { signal: source.cut });
  } catch (error) {
    context.logger.debug({ requestId: request.id, err: error }, 'stream was cut');
  } finally {
    clearInterval(keepAlive);
    context.followers.delete(source.stop);
    source.stop();
  }
}

/** Not behind what the follower has not taken: it would only grow. */
function comment(response: ServerResponse): void {
  if (!response.writableNeedDrain) response.write(': keep-alive\n\n');
}

function headers(events: boolean, live: boolean): Record<string, string> {
  return {
    'content-type': events ? 'text/event-stream' : 'application/x-ndjson',
    'cache-control': 'no-store',
    // nginx would hold the lines back until its buffer is full.
    'x-accel-buffering': 'no',
    // An answer that ends because the server closes must not leave a connection behind.
    ...(live && { connection: 'close' }),
  };
}

async function* chunks(source: StreamSource, encode: (item: StreamItem) => string): AsyncGenerator<string> {
  for (let from = 0; from < source.history.length; from += BATCH) {
    yield source.history
      .slice(from, from + BATCH)
      .map(encode)
      .join('');
  }
  if (source.live === null) return;
  for await (const items of source.live) yield items.map(encode).join('');
}

function asLine(item: StreamItem): string {
  return `${JSON.stringify(item.json)}\n`;
}

function asEvent(item: StreamItem): string {
  const id = item.id === null ? '' : `id: ${item.id}\n`;
  return `${id}data: ${JSON.stringify(item.json)}\n\n`;
}
