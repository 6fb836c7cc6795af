/** What node:http2 and nghttp2 bound on each connection. */
import type { ServerSessionOptions } from 'node:http2';
import { FIRST_WINDOW_BYTES } from './upload-windows.ts';

/** Like nginx's `http2_max_concurrent_streams`. */
const MAX_STREAMS = 128;
/**
 * Bounds how fast the uploads of a connection are together, and no memory: node:http2 counts bytes as read when they arrive, and
 * leaves it to the windows of streams to bound what is not read.
 */
export const CONNECTION_WINDOW_BYTES = 8 * 1024 * 1024;
/** Fields up to this multiple of the limit are read, so that the client gets an answer (431) instead of a reset. */
const READ_BEYOND_LIMIT = 4;
/** Each field counts 32 bytes more than its characters (RFC 9113 §6.5.2). */
const FIELD_OVERHEAD_BYTES = 32;
/** As many fields as node:http accepts in HTTP/1. */
const MAX_FIELDS = 2000;
/** Responses that wait for their client: a full buffer and one read of each stream, and what the frames take. */
const SESSION_MEMORY_MB = 32;

/** @param maxHeadBytes `ProxyLimits.maxHeaderBytes` */
export function sessionOptions(maxHeadBytes: number): ServerSessionOptions {
  return {
    settings: {
      maxConcurrentStreams: MAX_STREAMS,
      initialWindowSize: FIRST_WINDOW_BYTES,
      maxHeaderListSize: maxHeadBytes * READ_BEYOND_LIMIT + MAX_FIELDS * FIELD_OVERHEAD_BYTES,
      // WebSockets come over HTTP/1.1: browsers open a connection of their own for them.
      enableConnectProtocol: false,
      enablePush: false,
    },
    maxHeaderListPairs: MAX_FIELDS,
    maxSessionMemory: SESSION_MEMORY_MB,
    strictSingleValueFields: false,
  };
}
