/** HTTP to the API, over its control socket or its address. Problem documents become TenementErrors. */
import { Readable } from 'node:stream';
import { Agent, type Dispatcher, request } from 'undici';
import { ERROR_CODES, type ErrorCode, TenementError } from '../../errors.ts';

/** Address of the API. */
export type ApiTarget = { readonly socketPath: string } | { readonly url: string; readonly token: string | null };

interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** A list becomes a repeated name. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly body?: object;
  /** A body that is sent as it comes, in place of `body`. */
  readonly bytes?: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

interface ApiAnswer {
  readonly status: number;
  readonly body: Dispatcher.ResponseData['body'];
  /** Filled when the body was read. */
  readonly trailers: Readonly<Record<string, string>>;
}

export interface OpenAnswer {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly trailers: () => Readonly<Record<string, string>>;
}

export interface Transport {
  /** The server's name in error messages. */
  readonly address: string;
  /** Sends a request and parses the body of a successful response; null without a body. */
  json(call: ApiRequest): Promise<{ status: number; data: unknown }>;
  /** Yields the lines of a successful response as they arrive. Ends without an error when `signal` aborts. */
  lines(call: ApiRequest): AsyncGenerator<string>;
  /** Sends a request. The body of a successful response is the caller's to read; so are its trailers, after that. */
  open(call: ApiRequest): Promise<OpenAnswer>;
  close(): Promise<void>;
}

/** The fields of a problem document that are used. */
interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly hint?: string;
}

/**
 * Creates a transport. Each call may reject with the server's error code, or `server_unreachable`.
 * @throws {TenementError} `bad_input` for an invalid URL
 */
export function createTransport(target: ApiTarget): Transport {
  const socketPath = 'socketPath' in target ? target.socketPath : null;
  const base = 'url' in target ? parseBase(target.url) : 'http://localhost';
  const address = socketPath ?? base;
  const headers = 'url' in target && target.token !== null ? { authorization: `Bearer ${target.token}` } : {};
  // A start may take as long as its service allows, and a followed log may be silent for any time.
  const agent = new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    ...(socketPath !== null && { connect: { socketPath } }),
  });

  async function send(call: ApiRequest): Promise<ApiAnswer> {
    const {
      statusCode,
      headers: answerHeaders,
      body,
      trailers,
    } = await request(`${base}${call.path}${queryText(call.query)}`, {
      dispatcher: agent,
      method: call.method,
      headers: { ...headers, ...call.headers, ...(call.body !== undefined && { 'content-type': 'application/json' }) },
      body: call.bytes === undefined ? textOf(call.body) : Readable.from(call.bytes, { objectMode: false }),
      signal: call.signal ?? null,
    }).catch((error: unknown) => {
      throw unreachable(address, error);
    });
    if (statusCode >= 400 && !hasAnswer(statusCode, answerHeaders)) throw await problemOf(statusCode, body, address);
    return { status: statusCode, body, trailers: trailers as Record<string, string> };
  }

  return {
    address,
    json: async (call) => {
      const { status, body } = await send(call);
      const text = await body.text().catch((error: unknown) => {
        throw unreachable(address, error);
      });
      return { status, data: text === '' ? null : parseJson(text, status, address) };
    },
    lines: (call) => linesOf(() => send(call), address, call.signal),
    open: async (call) => {
      const { body, trailers } = await send(call);
      return { bytes: bytesOf(body, address, call.signal), trailers: () => trailers };
    },
    close: () => agent.destroy(),
  };
}

/** Status 502 with plain JSON describes an instance that did not start, and is no problem document. */
function hasAnswer(status: number, headers: Dispatcher.ResponseData['headers']): boolean {
  return status === 502 && String(headers['content-type']).startsWith('application/json');
}

function parseBase(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed !== null && /^https?:$/.test(parsed.protocol))
    return `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, '');
  throw new TenementError('bad_input', `${JSON.stringify(url)} is not the URL of an API`, {
    hint: 'Write it as http://127.0.0.1:8000.',
  });
}

function queryText(query: ApiRequest['query'] = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one) => [name, String(one)]),
  );
  const text = new URLSearchParams(given).toString();
  return text === '' ? '' : `?${text}`;
}

function textOf(body: object | undefined): string | null {
  return body === undefined ? null : JSON.stringify(body);
}

async function* bytesOf(
  body: ApiAnswer['body'],
  address: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) yield chunk as Uint8Array;
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : unreachable(address, error);
  }
}

async function* linesOf(
  send: () => Promise<ApiAnswer>,
  address: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  try {
    const { body } = await send();
    let rest = '';
    body.setEncoding('utf8');
    for await (const chunk of body) {
      const parts = (rest + String(chunk)).split('\n');
      rest = parts.pop() ?? '';
      yield* parts;
    }
    if (rest !== '') yield rest;
  } catch (error) {
    if (signal?.aborted === true) return;
    throw error instanceof TenementError ? error : unreachable(address, error);
  }
}

async function problemOf(status: number, body: ApiAnswer['body'], address: string): Promise<TenementError> {
  const text = await body.text().catch(() => '');
  const answer = parseJson(text, status, address);
  if (!isProblem(answer)) return notTheApi(status, address);
  const { code, detail, hint } = answer;
  return new TenementError(knownCode(code), detail, hint === undefined ? {} : { hint });
}

/** Without the schema of the API, which takes longer to load than most commands take to run. */
function isProblem(value: unknown): value is Problem {
  const { code, detail, hint } = Object(value) as Partial<Record<keyof Problem, unknown>>;
  return typeof code === 'string' && typeof detail === 'string' && ['string', 'undefined'].includes(typeof hint);
}

/** A newer server may use codes that this client does not know. */
function knownCode(code: string): ErrorCode {
  return Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'internal';
}

function parseJson(text: string, status: number, address: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notTheApi(status, address);
  }
}

function notTheApi(status: number, address: string): TenementError {
  return new TenementError('server_unreachable', `what answers at ${address} (status ${status}) is not tenement's API`);
}

function unreachable(address: string, cause: unknown): TenementError {
  // What is sent could not be read.
  if (cause instanceof TenementError) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = REASONS[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new TenementError('server_unreachable', `cannot reach the server at ${address}: ${why}`, { cause });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket, so the server is not running',
  ECONNREFUSED: 'nothing listens there',
  EACCES: 'this user may not open the socket',
  ENOTFOUND: 'there is no such host',
  UND_ERR_SOCKET: 'it closed the connection',
  ECONNRESET: 'it closed the connection',
};
