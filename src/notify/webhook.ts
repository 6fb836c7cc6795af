/** Sends messages to one receiver: one POST each, bounded in time and in what is read of the answer. */
import { isIP } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import type { NotifyTarget } from '../core/notify/notify-target.ts';
import { retryAfterMs } from '../core/notify/retry.ts';
import { signingKeys } from '../core/notify/signing-secrets.ts';
import type { Clock } from '../core/ports.ts';
import { readSecretFile } from '../node/secret-file.ts';
import { guardedLookup, RefusedAddress, type Resolve, refusalOf } from './guarded-lookup.ts';
import { webhookHeaders } from './signature.ts';

/** From the lookup of the name to the end of the answer. */
export const ANSWER_TIMEOUT_MS = 15_000;
/** How many messages are on their way to one receiver at once. */
export const MAX_SENDING = 4;
const MAX_HEADER_BYTES = 16 * 1024;
/** Interim answers (1xx) before the answer; more are a flood. */
const MAX_INTERIM = 10;
/** How much of an answer's body is read. */
const MAX_ANSWER_BYTES = 1024;

export interface DeliveryAttempt {
  /** Whether the receiver accepted the message: it answered with 2xx. */
  readonly ok: boolean;
  /** null: there was no answer. */
  readonly status: number | null;
  /** The beginning of the answer's body. */
  readonly answer: string | null;
  /** One line; null when the message was accepted. */
  readonly failure: string | null;
  /** The receiver's wish for the next attempt; null: none. */
  readonly retryAfterMs: number | null;
}

export interface WebhookOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly resolve: Resolve;
  /** Default: 15 s. */
  readonly timeoutMs?: number;
}

export class Webhook {
  private readonly options: WebhookOptions;
  private target: NotifyTarget;
  private agent: Agent;

  constructor(target: NotifyTarget, options: WebhookOptions) {
    this.options = options;
    this.target = target;
    this.agent = this.newAgent();
  }

  /** Uses other settings for later messages, on new connections. */
  reconfigure(target: NotifyTarget): void {
    this.target = target;
    const { agent } = this;
    this.agent = this.newAgent();
    void agent.close();
  }

  /** Sends a message once; never rejects. */
  async send(id: string, body: string): Promise<DeliveryAttempt> {
    try {
      return await this.attempt(id, body);
    } catch (error) {
      return failed(reasonOf(error, this.timeoutMs));
    }
  }

  /** Cuts off messages that are on their way. */
  async destroy(): Promise<void> {
    await this.agent.destroy();
  }

  private get timeoutMs(): number {
    return this.options.timeoutMs ?? ANSWER_TIMEOUT_MS;
  }

  private async attempt(id: string, body: string): Promise<DeliveryAttempt> {
    const keys = keysOf(this.target);
    if (typeof keys === 'string') return failed(`not sent: ${keys}`);
    this.assertPublic();
    const flood = new AbortController();
    let interim = 0;
    const timestampS = Math.floor(this.options.clock.nowMs() / 1000);
    const answer = await request(this.target.url, {
      dispatcher: this.agent,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'tenement',
        ...webhookHeaders({ id, timestampS, body }, keys),
      },
      body,
      signal: AbortSignal.any([AbortSignal.timeout(this.timeoutMs), flood.signal]),
      onInfo: () => {
        interim += 1;
        if (interim > MAX_INTERIM) flood.abort(new Error(`more than ${MAX_INTERIM} interim answers`));
      },
    });
    return judged(answer, await beginningOf(answer.body));
  }

  /** A name is checked when it is looked up; an address is never looked up. @throws {RefusedAddress} */
  private assertPublic(): void {
    const host = new URL(this.target.url).hostname.replace(/^\[|\]$/g, '');
    const refusal = isIP(host) === 0 || this.target.allowPrivate ? null : refusalOf(host);
    if (refusal !== null) throw new RefusedAddress(host, host, refusal);
  }

  private newAgent(): Agent {
    const { target } = this;
    return new Agent({
      connections: MAX_SENDING,
      maxHeaderSize: MAX_HEADER_BYTES,
      allowH2: false,
      connect: { timeout: this.timeoutMs, lookup: guardedLookup(this.options.resolve, () => target.allowPrivate) },
    });
  }
}

/** Reads the secrets for each message, so that a new one is used as soon as it is in the file. */
function keysOf({ secretFile }: NotifyTarget): readonly Buffer[] | string {
  if (secretFile === null) return [];
  const read = readSecretFile(secretFile);
  if (!read.ok) return `secret_file ${secretFile}: ${read.problem}`;
  const keys = signingKeys(read.text);
  return typeof keys === 'string' ? `secret_file ${secretFile}: ${keys}` : keys;
}

function judged({ statusCode, headers }: Dispatcher.ResponseData, answer: string): DeliveryAttempt {
  const ok = statusCode >= 200 && statusCode < 300;
  const asked = headers['retry-after'];
  return {
    ok,
    status: statusCode,
    answer,
    failure: ok ? null : `answered ${statusCode}${isRedirect(statusCode) ? '; redirects are not followed' : ''}`,
    retryAfterMs: retryAfterMs(typeof asked === 'string' ? asked : null),
  };
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}

/** Reads a little of a body, and cuts off the rest. A body that breaks off does not change what the status says. */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const parts: Buffer[] = [];
  let left = MAX_ANSWER_BYTES;
  try {
    for await (const chunk of body) {
      parts.push(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) break;
    }
  } catch {
    // The status has come; only the text is incomplete.
  }
  return Buffer.concat(parts).toString('utf8');
}

function failed(failure: string): DeliveryAttempt {
  return { ok: false, status: null, answer: null, failure, retryAfterMs: null };
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'no name server answers',
  ECONNRESET: 'it closed the connection before it answered',
  UND_ERR_HEADERS_OVERFLOW: `its answer has more than ${MAX_HEADER_BYTES} bytes of headers`,
};

/** Messages of undici's errors with the code UND_ERR_SOCKET. */
const SOCKET_REASONS: Readonly<Record<string, string>> = {
  'other side closed': 'it closed the connection before it answered',
  'bad response': 'it answered 100 Continue, which was not asked for',
  'bad upgrade': 'it answered 101 Switching Protocols, which was not asked for',
};

function reasonOf(error: unknown, timeoutMs: number): string {
  const one = error instanceof AggregateError ? error.errors[0] : error;
  if (!(one instanceof Error)) return String(one);
  if (one.name === 'TimeoutError' || one.name === 'ConnectTimeoutError')
    return `no answer within ${timeoutMs / 1000} s`;
  const inSocket = SOCKET_REASONS[one.message];
  if (inSocket !== undefined) return inSocket;
  const code = 'code' in one ? String(one.code) : '';
  return (REASONS[code] ?? one.message).replace(/\s+/g, ' ').slice(0, 300);
}
