/** Stands between tenement and a real authority: counts what is asked, and answers in its place where a test says so. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Agent, request } from 'undici';
import type { Pebble } from './pebble.ts';

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Returns what is answered in place of the authority; null: the authority answers. */
type Intercept = (path: string) => Answer | null | Promise<Answer | null>;

export interface AuthorityProxy {
  readonly directory: string;
  readonly caFile: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** How many orders were begun. */
  readonly orders: () => number;
  /** What was sent with each order, in order. */
  readonly payloads: unknown[];
  /** Added to the directory. */
  inDirectory: Readonly<Record<string, unknown>>;
  intercept: Intercept;
  /** Called when the authority has answered, before tenement gets it. */
  answered: (path: string) => Promise<void> | void;
  close(): void;
}

const NEW_ORDER = '/order-plz';

export function problem(
  type: string,
  detail: string,
  status = 403,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status, body: { type: `urn:ietf:params:acme:error:${type}`, detail, status }, headers };
}

export async function authorityProxy({ directory, caFile }: Pebble): Promise<AuthorityProxy> {
  const agent = new Agent({ connect: { rejectUnauthorized: false } });
  const key = readFileSync(caFile.replace(/pem$/, 'key'));
  const server = createServer({ key, cert: readFileSync(caFile) }, (from, to) => void pass(from, to));
  const asked: string[] = [];
  async function pass(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const path = from.url ?? '';
    asked.push(path);
    const chunks: Buffer[] = [];
    for await (const chunk of from) chunks.push(chunk as Buffer);
    if (path === NEW_ORDER) proxy.payloads.push(payloadOf(Buffer.concat(chunks).toString()));
    const own = await proxy.intercept(path);
    if (own !== null) {
      to.writeHead(own.status, { 'content-type': 'application/problem+json', ...own.headers });
      to.end(typeof own.body === 'string' ? own.body : JSON.stringify(own.body));
      return;
    }
    // The authority makes its links from the Host.
    const answer = await request(new URL(path, directory), {
      dispatcher: agent,
      method: from.method as 'POST',
      headers: { host: from.headers.host ?? '', 'content-type': from.headers['content-type'] ?? 'application/json' },
      body: chunks.length === 0 ? null : Buffer.concat(chunks),
    });
    const { 'content-length': _length, ...headers } = answer.headers as Record<string, string>;
    const text = Buffer.from(await answer.body.arrayBuffer());
    await proxy.answered(path);
    to.writeHead(answer.statusCode, headers);
    to.end(path === '/dir' ? JSON.stringify({ ...JSON.parse(text.toString()), ...proxy.inDirectory }) : text);
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy: AuthorityProxy = {
    directory: `https://127.0.0.1:${port}/dir`,
    caFile,
    asked,
    orders: () => asked.filter((path) => path === NEW_ORDER).length,
    payloads: [],
    inDirectory: {},
    intercept: () => null,
    answered: () => {},
    close: () => {
      server.close();
      server.closeAllConnections();
      void agent.close();
    },
  };
  return proxy;
}

function payloadOf(signed: string): unknown {
  const { payload } = JSON.parse(signed) as { payload: string };
  return payload === '' ? null : JSON.parse(Buffer.from(payload, 'base64url').toString());
}
