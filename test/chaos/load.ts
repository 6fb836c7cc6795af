/** The customers, which read, write, upload and hold WebSockets all the time. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { FaultLog } from './log.ts';
import { Random } from './random.ts';
import type { ServerUnderTest } from './server.ts';
import type { Excuse, Tally } from './tally.ts';
import type { Tenant } from './tenants.ts';

export interface LoadOptions {
  readonly server: ServerUnderTest;
  readonly tenants: readonly Tenant[];
  readonly log: FaultLog;
  readonly tally: Tally;
  readonly seed: number;
  /** Number of customers of each tenant. */
  readonly customers: number;
  /** Mean pause between two requests of a customer, ms. */
  readonly pauseMs: number;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const WEIGHTS = { read: 50, write: 35, upload: 10, stream: 5 } as const;
/** Services whose processes end by themselves, at unknown times. */
const SELF_ENDING = ['crashes', 'leaks', 'loops', 'hostile'];

/** Begins the load; the returned function ends it and settles when all is quiet. */
export function startLoad(options: LoadOptions): () => Promise<void> {
  const ended = new AbortController();
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const customers = options.tenants.flatMap((tenant, index) =>
    Array.from({ length: options.customers }, (_, number) => {
      const random = new Random(options.seed * 1000 + index * 10 + number);
      return new Customer(tenant, random, agent, options).live(ended.signal);
    }),
  );
  return async () => {
    ended.abort();
    await Promise.all(customers);
    agent.destroy();
  };
}

class Customer {
  private readonly tenant: Tenant;
  private readonly random: Random;
  private readonly agent: Agent;
  private readonly options: LoadOptions;

  constructor(tenant: Tenant, random: Random, agent: Agent, options: LoadOptions) {
    this.tenant = tenant;
    this.random = random;
    this.agent = agent;
    this.options = options;
  }

  async live(ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      const pauseMs = this.random.between(0, 2 * this.options.pauseMs);
      await delay(pauseMs, undefined, { signal: ended }).catch(() => {});
      if (!ended.aborted) await this.act(this.random.weighted(WEIGHTS));
    }
  }

  private act(what: keyof typeof WEIGHTS): Promise<void> {
    const { kind } = this.tenant;
    if (what === 'stream' && (kind === 'notes' || kind === 'python' || kind === 'loops')) return this.read();
    if (what === 'upload' && kind === 'notes') return this.write();
    return {
      read: () => this.read(),
      write: () => this.write(),
      upload: () => this.upload(),
      stream: () => this.stream(),
    }[what]();
  }

  private read(): Promise<void> {
    const named = this.tenant.kind === 'notes' ? `Notes of ${this.tenant.id}` : `"${this.tenant.id}"`;
    return this.ask('GET', '/', {}, null, ({ status, body }) => status === 200 && body.includes(named));
  }

  private write(): Promise<void> {
    const { tally } = this.options;
    const n = tally.nextNumber();
    const notes = this.tenant.kind === 'notes';
    const [path, text] = notes ? ['/api/notes', JSON.stringify({ text: `write ${n}` })] : ['/write', String(n)];
    return this.ask('POST', path, { 'content-type': 'application/json' }, Buffer.from(text), ({ status }) => {
      if (status === 201) tally.acknowledge(this.tenant, n);
      return status === 201;
    });
  }

  private upload(): Promise<void> {
    const bytes = Math.floor(this.random.between(1000, 500_000));
    const accepts = ({ status, body }: Answer) => status === 200 && JSON.parse(body).bytes === bytes;
    return this.ask('POST', '/upload', {}, Buffer.alloc(bytes, 'x'), accepts);
  }

  private async ask(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: Buffer | null,
    accepts: (answer: Answer) => boolean,
  ): Promise<void> {
    const { server, tally } = this.options;
    const fromMs = performance.now();
    const { epoch } = server;
    tally.requests += 1;
    const answer = await this.send(method, path, headers, body).catch((error: Error) => error);
    if (!(answer instanceof Error) && accepts(answer)) {
      tally.answered += 1;
      if (answer.headers['server-timing'] !== undefined) tally.held += 1;
      return;
    }
    const excuse = this.excuseFor(answer, fromMs, epoch);
    if (excuse !== null) return tally.excuse(excuse);
    const what = answer instanceof Error ? String(answer) : `${answer.status} ${answer.body.slice(0, 300)}`;
    const tookMs = Math.round(performance.now() - fromMs);
    tally.broken.push(
      `${new Date().toISOString()} ${method} ${this.tenant.instance}${path} after ${tookMs} ms: ${what}`,
    );
  }

  private excuseFor(answer: Answer | Error, fromMs: number, epoch: number): Excuse | null {
    const { server, log } = this.options;
    const { tenant } = this;
    const died = log.happened(tenant, 'death', fromMs) || SELF_ENDING.includes(tenant.kind);
    if (answer instanceof Error) {
      if (server.epoch !== epoch || !server.up) return 'cut by the end of the server';
      return died ? 'in a process that died' : null;
    }
    const code = codeOf(answer);
    if (code === 'upstream_failed') return died ? 'in a process that died' : null;
    if (code === 'stopped' || code === 'unknown_tenant') {
      return log.happened(tenant, 'away', fromMs) ? 'stopped or removed by the operator' : null;
    }
    const loops = ['failed', 'backoff', 'start_failed', 'wake_queue_full'].includes(code);
    return loops && ['loops', 'hostile'].includes(tenant.kind) ? 'crash loop' : null;
  }

  private send(method: string, path: string, headers: Record<string, string>, body: Buffer | null): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const outgoing = request({
      host: '127.0.0.1',
      port: this.options.server.proxyPort,
      method,
      path,
      agent: this.agent,
      headers: { host: this.tenant.host, ...headers, ...(body !== null && { 'content-length': body.length }) },
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    outgoing.end(body ?? undefined);
    return promise;
  }

  /** Opens a WebSocket for a while, and expects an echo. */
  private async stream(): Promise<void> {
    const { server, tally } = this.options;
    const fromMs = performance.now();
    const { epoch } = server;
    tally.requests += 1;
    const socket = new WebSocket(`ws://127.0.0.1:${server.proxyPort}/`, { headers: { host: this.tenant.host } });
    const outcome = await opened(socket);
    if (outcome !== 'open') {
      const excuse = this.excuseFor(outcome, fromMs, epoch);
      if (excuse !== null) return tally.excuse(excuse);
      const what = outcome instanceof Error ? String(outcome) : `${outcome.status} ${outcome.body.slice(0, 200)}`;
      return void tally.broken.push(`${new Date().toISOString()} WebSocket ${this.tenant.instance}: ${what}`);
    }
    tally.answered += 1;
    tally.streams += 1;
    // A stream ends with its process; that is counted, and is no failure.
    if (!(await spoke(socket, this.random.between(100, 2000)))) tally.streamsCut += 1;
    socket.terminate();
  }
}

function codeOf({ body }: Answer): string {
  try {
    return String(JSON.parse(body).code);
  } catch {
    return '';
  }
}

function opened(socket: WebSocket): Promise<'open' | Answer | Error> {
  return new Promise((resolve) => {
    socket.once('open', () => resolve('open'));
    socket.on('error', resolve);
    socket.once('unexpected-response', (_request, response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      response.once('error', resolve);
    });
  });
}

/** Whether the echo came, and the socket stayed open for the whole time. */
function spoke(socket: WebSocket, forMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    let heard = false;
    socket.once('message', () => {
      heard = true;
    });
    socket.once('close', () => resolve(false));
    socket.send('hello');
    setTimeout(() => resolve(heard), forMs);
  });
}
