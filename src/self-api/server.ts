/**
 * The HTTP API on the sockets of instances. A connection is known to be an instance's, so no request carries a token or
 * names a tenant.
 */
import type { Socket } from 'node:net';
import fastify, { type FastifyRequest } from 'fastify';
import { sendProblem } from '../api/problem.ts';
import { type Api, validatorCompiler, type ZodTypeProvider } from '../api/zod-provider.ts';
import { TokenBucket } from '../core/admission/token-bucket.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { Clock } from '../core/ports.ts';
import type { SelfVerbs } from '../core/verbs/self-verbs.ts';
import { TenementError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { addRoutes } from './routes.ts';

/** Requests of one connection that wait for their answers. */
const MAX_PIPELINED = 16;
const MAX_BODY_BYTES = 4096;
/** Requests a second that an instance gets answered without delay, in the long run and at once. A flood costs no more. */
const RATE_PER_S = 50;
const BURST = 100;
/** How long a request is remembered. */
const MEMORY_MS = (BURST * 1000) / RATE_PER_S;
/** Time for a whole request, and between two. A slow client holds one of its instance's connections, and nothing else. */
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_TIMEOUT_MS = 60_000;

declare module 'fastify' {
  interface FastifyRequest {
    /** The instance whose socket the request came in at. */
    instance: InstanceName;
  }
}

export interface SelfApiOptions {
  readonly verbs: SelfVerbs;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface SelfApi {
  /** Serves a connection of an instance. */
  take(instance: InstanceName, connection: Socket): void;
}

export async function createSelfApi({ verbs, clock, logger }: SelfApiOptions): Promise<SelfApi> {
  const owners = new WeakMap<Socket, InstanceName>();
  const paces = new Paces(clock);
  const api: Api = fastify({
    exposeHeadRoutes: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply, logger),
  }).withTypeProvider<ZodTypeProvider>();
  api.setValidatorCompiler(validatorCompiler);
  api.setSerializerCompiler(() => (data) => JSON.stringify(data));
  api.decorateRequest('instance');
  api.addHook('onRequest', async (request) => {
    request.instance = ownerOf(request, owners);
    boundPipeline(request);
    await paces.turn(request.instance);
  });
  api.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, logger, statusOf(error)));
  api.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]?.slice(0, 200);
    sendProblem(new TenementError('not_found', `there is no ${request.method} ${path}`), request, reply, logger);
  });
  api.addHook('onResponse', async ({ raw: { socket } }) => void waiting.set(socket, (waiting.get(socket) ?? 1) - 1));
  addRoutes(api, verbs);
  await api.ready();
  return {
    take: (instance, connection) => {
      owners.set(connection, instance);
      paces.use(instance, connection);
      api.server.emit('connection', connection);
    },
  };
}

const waiting = new WeakMap<Socket, number>();

/** Closes a connection that sends on and on before it has its answers. */
function boundPipeline({ raw: { socket } }: FastifyRequest): void {
  const count = (waiting.get(socket) ?? 0) + 1;
  waiting.set(socket, count);
  if (count > MAX_PIPELINED) socket.destroy();
}

/** A counter at its limit is a conflict, which no waiting resolves. */
function statusOf(error: unknown): number | undefined {
  return error instanceof TenementError && error.code === 'quota_exceeded' ? 409 : undefined;
}

function ownerOf({ raw: { socket } }: FastifyRequest, owners: WeakMap<Socket, InstanceName>): InstanceName {
  const owner = owners.get(socket);
  if (owner === undefined) throw new TenementError('internal', 'the connection belongs to no instance');
  return owner;
}

/** Delays the requests of each instance. Its bucket outlives its connections for as long as it may delay. */
class Paces {
  private readonly buckets = new Map<InstanceName, { readonly bucket: TokenBucket; users: number }>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Settles when the next request of the instance may be handled. */
  async turn(instance: InstanceName): Promise<void> {
    const waitMs = this.entry(instance).bucket.take(1, this.clock.nowMs());
    if (waitMs > 0) await new Promise<void>((resolve) => void this.clock.after(waitMs, resolve));
  }

  use(instance: InstanceName, connection: Socket): void {
    const entry = this.entry(instance);
    entry.users += 1;
    connection.once('close', () => {
      entry.users -= 1;
      // A client that reconnects for each request is paced, too.
      this.clock.after(MEMORY_MS, () => {
        if (entry.users === 0 && this.buckets.get(instance) === entry) this.buckets.delete(instance);
      });
    });
  }

  private entry(instance: InstanceName) {
    const fresh = () => ({ bucket: new TokenBucket(RATE_PER_S, BURST, this.clock.nowMs()), users: 0 });
    const entry = this.buckets.get(instance) ?? fresh();
    this.buckets.set(instance, entry);
    return entry;
  }
}
