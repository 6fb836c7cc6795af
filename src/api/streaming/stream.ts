/** Streamed responses: JSON lines or server-sent events, with backpressure. */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../../logger.ts';
import type { TokenWatch } from '../access/token-watch.ts';

/** Interval of comments that keep proxies from closing a quiet stream, and that detect a vanished client. */
const KEEP_ALIVE_MS = 15_000;
/** How many items are joined into one write. */
const BATCH = 500;

export interface StreamItem {
  /** Id of the server-sent event, or null. */
  readonly id: string | null;
  readonly json: object;
}

/** Functions that end the open streams, for closing the API. */
export type Followers = Set<() => void>;

export interface StreamSource {
  readonly history: readonly StreamItem[];
  /** Items after the history; null: the response ends with the history. */
  readonly live: AsyncIterable<readonly StreamItem[]> | null;
  /** Aborts to disconnect a client that reads too slowly. */
  readonly cut: AbortSignal | null;
  /** Ends `live`; called once in any case. */
  readonly stop: () => void;
}

export function wantsEventStream(request: FastifyRequest): boolean {
  return (request.headers.accept ?? '').includes('text/event-stream');
}

/** Streams the source as the response. Settles when it has ended or the client has left. */
export async function sendStream(
  request: FastifyRequest,
  reply: FastifyReply,
  source: StreamSource,
  context: { followers: Followers; logger: Logger; closing: AbortController; tokenWatch: TokenWatch },
): Promise<void> {
  const events = wantsEventStream(request);
  const response = reply.raw;
  reply.hijack();
  context.followers.add(source.stop);
  response.once('close', source.stop);
  const revoked = new AbortController();
  const unwatch = context.tokenWatch.watch(request.access.token, () => revoked.abort());
  if (response.destroyed || context.closing.signal.aborted) source.stop();
  const keepAlive = setInterval(() => {
    context.tokenWatch.used(request.access.token);
    if (events) comment(response);
  }, KEEP_ALIVE_MS).unref();
  response.writeHead(200, headers(events, source.live !== null));
  response.flushHeaders();
  try {
    const body = Readable.from(chunks(source, events ? asEvent : asLine));
    await pipeline(body, response, {
      signal: AbortSignal.any([revoked.signal, source.cut].filter((signal) => signal !== null)),
    });
  } catch (error) {
    context.logger.debug({ requestId: request.id, err: error }, 'stream was cut');
  } finally {
    clearInterval(keepAlive);
    unwatch();
    context.followers.delete(source.stop);
    source.stop();
  }
}

/** Sends a comment unless data waits for the client; a comment behind it would only grow the buffer. */
function comment(response: ServerResponse): void {
  if (!response.writableNeedDrain) response.write(': keep-alive\n\n');
}

function headers(events: boolean, live: boolean): Record<string, string> {
  return {
    'content-type': events ? 'text/event-stream' : 'application/x-ndjson',
    'cache-control': 'no-store',
    // nginx would otherwise hold lines back until its buffer is full.
    'x-accel-buffering': 'no',
    // A stream that ends because the server closes must not leave an open connection.
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
