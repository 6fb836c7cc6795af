/** Sizes of requests that node:http has read, of which it says nothing itself. */
import type { IncomingMessage } from 'node:http';
import type { Traffic } from '../../../core/usage/traffic.ts';
import { hasBody, isChunked } from '../../routing/headers.ts';
import { feedOf } from './request-feed.ts';

const REQUEST_LINE_REST = '  HTTP/1.1\r\n'.length;
const HEADER_REST = ': \r\n'.length;
const HEAD_END_BYTES = '\r\n'.length;

/**
 * Returns the size of a request's head, in bytes: as it was received, or on a connection of a host program's server as
 * clients usually write it.
 */
export function headBytes(message: IncomingMessage): number {
  return feedOf(message.socket)?.uncounted ?? usualHeadBytes(message);
}

function usualHeadBytes({ method = '', url = '', rawHeaders }: IncomingMessage): number {
  let bytes = method.length + url.length + REQUEST_LINE_REST + HEAD_END_BYTES;
  for (const text of rawHeaders) bytes += text.length;
  return bytes + (rawHeaders.length / 2) * HEADER_REST;
}

/** Returns a function that counts a request of a host program's server: its head, and its body as it is read. */
export function hostRequestCount(message: IncomingMessage): (traffic: Traffic) => void {
  let current: Traffic | null = null;
  return (traffic) => {
    if (current === null) {
      traffic.ingressBytes += usualHeadBytes(message);
      if (isChunked(message.rawHeaders) || hasBody(message.rawHeaders)) {
        message.on('data', (part: Buffer) => {
          (current ?? traffic).ingressBytes += part.length;
        });
      }
    }
    current = traffic;
  };
}
