/**
 * How requests get to a certificate authority: in place of the HTTP client that acme-client brings, which repeats a refused
 * request by itself for as long as the authority says, and loses the kind of a refusal. Bounded in time and size.
 */
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { Agent, type Dispatcher, request } from 'undici';
import { problemOf } from '../core/acme/failure-text.ts';
import { retryAfterMs } from '../core/acme/retry-after.ts';
import { refused, unreachable } from './ca-error.ts';

/** From the lookup of the name to the end of the answer. */
const ANSWER_TIMEOUT_MS = 30_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** An answer is a small document or a chain of a few certificates. */
const MAX_ANSWER_BYTES = 256 * 1024;
/** Nonces of earlier answers, each of which saves a request for one. */
const MAX_NONCES = 16;

/** What acme-client reads of an answer. */
export interface CaAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A parsed document, or text. */
  readonly data: unknown;
}

interface Body {
  /** A signed document. */
  readonly data?: unknown;
}

export interface TransportOptions {
  /** File with further certificates to trust; null: none. */
  readonly caFile: string | null;
  readonly version: string;
  /** Default: 30 s. */
  readonly timeoutMs?: number;
}

export class Transport {
  private readonly agent: Agent;
  private readonly userAgent: string;
  private readonly timeoutMs: number;
  private readonly ending = new AbortController();
  private readonly nonces: string[] = [];

  /** @throws an error of the file system when `caFile` cannot be read */
  constructor({ caFile, version, timeoutMs = ANSWER_TIMEOUT_MS }: TransportOptions) {
    const ca = caFile === null ? {} : { ca: [...rootCertificates, readFileSync(caFile, 'utf8')] };
    this.agent = new Agent({
      connections: 4,
      maxHeaderSize: MAX_HEADER_BYTES,
      allowH2: false,
      connect: { timeout: timeoutMs, ...ca },
    });
    this.userAgent = `tenement/${version}`;
    this.timeoutMs = timeoutMs;
  }

  /** Has the signature of the method that it replaces in acme-client. @throws {CaError} */
  readonly request = async (url: string, method: string, { data }: Body = {}): Promise<CaAnswer> => {
    const nonce = method === 'head' ? this.nonces.pop() : undefined;
    if (nonce !== undefined) return { status: 200, headers: { 'replay-nonce': nonce }, data: '' };
    const answer = await this.sent(url, method, data);
    if (method !== 'head') this.keepNonce(answer);
    if (answer.status < 400) return answer;
    const problem = problemOf(answer.data);
    // acme-client repeats the request with the nonce of this answer.
    if (problem?.type === 'badNonce') return answer;
    throw refused(answer.status, problem, retryAfterMs(answer.headers['retry-after'] ?? null, Date.now()));
  };

  /** Cuts off what is under way. */
  async close(): Promise<void> {
    this.ending.abort(new Error('the server ends'));
    await this.agent.destroy();
  }

  private keepNonce({ headers, status }: CaAnswer): void {
    const nonce = headers['replay-nonce'];
    if (nonce !== undefined && status < 400 && this.nonces.length < MAX_NONCES) this.nonces.push(nonce);
  }

  private async sent(url: string, method: string, data: unknown): Promise<CaAnswer> {
    try {
      const answer = await request(url, {
        dispatcher: this.agent,
        method: method.toUpperCase() as Dispatcher.HttpMethod,
        headers: {
          'user-agent': this.userAgent,
          'accept-language': 'en',
          ...(data === undefined ? {} : { 'content-type': 'application/jose+json' }),
        },
        body: data === undefined ? null : JSON.stringify(data),
        signal: AbortSignal.any([AbortSignal.timeout(this.timeoutMs), this.ending.signal]),
      });
      const headers = Object.fromEntries(
        Object.entries(answer.headers).map(([name, value]) => [
          name,
          Array.isArray(value) ? value.join(', ') : String(value),
        ]),
      );
      return { status: answer.statusCode, headers, data: parsed(await textOf(answer.body), headers['content-type']) };
    } catch (error) {
      throw unreachable(url, reasonOf(error, this.timeoutMs));
    }
  }
}

async function textOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`its answer has more than ${MAX_ANSWER_BYTES / 1024} KiB`);
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** A proxy in between may answer with a page that says it is JSON. */
function parsed(text: string, type = ''): unknown {
  if (!/[/+]json\b/.test(type)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'no name server answers',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted; for a CA of your own, set ca_file',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted; for a CA of your own, set ca_file',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted; for a CA of your own, set ca_file',
};

function reasonOf(error: unknown, timeoutMs: number): string {
  const one = error instanceof AggregateError ? error.errors[0] : error;
  if (!(one instanceof Error)) return String(one);
  if (one.name === 'TimeoutError' || one.name === 'ConnectTimeoutError')
    return `no answer within ${timeoutMs / 1000} s`;
  const code = 'code' in one ? String(one.code) : '';
  return REASONS[code] ?? one.message.replace(/\s+/g, ' ').slice(0, 300);
}
