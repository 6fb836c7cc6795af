/** A proxy worker: the proxy in a process of its own, with claims that the server grants. It ends with the server. */

import { TurnedAway } from '../core/admission/turned-away.ts';
import { DomainRoutes } from '../core/domains/domain-routes.ts';
import { RefusalCounts, type RefusalReason } from '../core/identity/refusal-counts.ts';
import { RequestMeasures } from '../core/observing/request-measures.ts';
import { ProxySettingsPublisher } from '../core/routing/proxy-settings.ts';
import type { ListenTarget } from '../core/service/listen-target.ts';
import { HandshakeCounts, type HandshakeResult } from '../core/tls/handshake-counts.ts';
import { toTenementError } from '../errors.ts';
import { fault, keepServing, onFault } from '../faults.ts';
import { type Logger, silentLogger, stderrLogger } from '../logger.ts';
import { countBodiesWithHeap } from '../proxy/exchange/body-memory.ts';
import { createProxy, type ProxyServer } from '../proxy/server.ts';
import { LazyTracing } from '../telemetry/lazy-tracing.ts';
import type { FromWorker, ToWorker, WorkerTarget } from './protocol.ts';
import { RemoteKeys } from './remote-keys.ts';
import { RemoteSource } from './remote-source.ts';
import { RemoteTls } from './remote-tls.ts';

const send = (message: FromWorker) => void (process.connected && process.send?.(message));
const source = new RemoteSource(send);
let logger: Logger = silentLogger();
let proxy: ProxyServer | null = null;
let closeTracing = async (): Promise<void> => {};
let settings: ProxySettingsPublisher | null = null;
/** Filled before `start`, and changed as the server says. */
const domains = new DomainRoutes();

/** How often the worker reports what it has refused and measured, and handshakes. */
const TELL_COUNTS_MS = 1000;
const turnedAway = new TurnedAway();
let told = 0;
const refusals = new RefusalCounts();
const toldRefusals = new Map<RefusalReason, number>();
const measures = new RequestMeasures();
const keys = new RemoteKeys(() => send({ type: 'refresh-keys' }));
const tls = new RemoteTls((name) => send({ type: 'obtain', name }));
const handshakes = new HandshakeCounts();
const toldHandshakes = new Map<HandshakeResult, number>();
setInterval(tellCounts, TELL_COUNTS_MS).unref();
/** How often it reports bytes of requests and streams that go on. */
const LOOK_AT_TRAFFIC_MS = 1000;
setInterval(() => source.lookAtTraffic(), LOOK_AT_TRAFFIC_MS).unref();

process.title = 'tenement proxy worker';
countBodiesWithHeap();
onFault((error) => send({ type: 'fault', message: error instanceof Error ? error.message : String(error) }));

export function receive(message: ToWorker): Promise<void> {
  return handle(message).catch((error) => fault(logger, error));
}

async function handle(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'start':
      return start(message);
    case 'settings':
      return settings?.publish(message.settings);
    case 'domains':
      await domains.change(message.routes);
      return send({ type: 'changed', id: message.id });
    case 'tls':
      await tls.table.change(message.changes);
      return send({ type: 'changed', id: message.id });
    case 'obtained':
      return tls.obtained(message.name);
    case 'keys':
      return keys.publish(message.keys);
    case 'keys-refreshed':
      return keys.refreshed();
    case 'registration':
      return source.register(message.instance, message.registered);
    case 'lease':
      return source.leased(message.id, message.lease, message.granted, message.loan);
    case 'refusal':
      return source.refused(message.id, message.refusal);
    case 'target':
      return source.retarget(message.target);
    case 'recall':
      return source.allowances.recall(message.tenantId);
    case 'retire':
      return source.retire(message.generation);
    case 'end-grant':
      return source.endGrant(message.generation);
    case 'ping':
      return send({ type: 'pong' });
    case 'close':
      await proxy?.close(message.graceMs);
      await closeTracing();
      source.lookAtTraffic();
      source.report();
      tellCounts();
      return process.exit(0);
  }
}

async function start({ listen, limits, logLevel, registered, ...message }: Extract<ToWorker, { type: 'start' }>) {
  logger = stderrLogger({ level: logLevel, pretty: process.stderr.isTTY === true });
  // The server starts another worker in its place.
  keepServing(logger, () => process.exit(1));
  keys.publish(message.keys);
  settings = new ProxySettingsPublisher(message.settings, domains);
  const tracing = new LazyTracing(logger);
  settings.follow(({ telemetry = null }) => tracing.apply(telemetry));
  await tracing.settled;
  closeTracing = () => tracing.close();
  tls.allow(message.mayObtain);
  for (const instance of registered) source.register(instance, true);
  proxy = createProxy({
    source,
    limits,
    turnedAway,
    identity: { keys, refusals },
    measures,
    tracing,
    tls: { source: tls, counts: handshakes },
    logger,
    settings,
  });
  const target = { ...targetOf(listen), tls: listen.tls === null ? null : targetOf(listen.tls) };
  try {
    send({ type: 'listening', address: await proxy.listen(target) });
  } catch (error) {
    send({ type: 'listen-failed', message: toTenementError(error).message });
  }
}

function targetOf({ host, port, fds }: WorkerTarget): ListenTarget {
  return { host, port, ...(fds !== undefined && { openSockets: () => fds }) };
}

function tellCounts(): void {
  tellTurnedAway();
  const requests = untold(refusals, toldRefusals);
  if (requests.length > 0) send({ type: 'refused-tenants', requests });
  const counts = untold(handshakes, toldHandshakes);
  if (counts.length > 0) send({ type: 'handshakes', counts });
  const measured = measures.take();
  if (measured !== null) send({ type: 'measured', requests: measured });
}

/** Returns what was counted since the last time. @param told what the server was told of each kind */
function untold<Kind>(counts: { entries(): Iterable<[Kind, number]> }, told: Map<Kind, number>): [Kind, number][] {
  const news = Array.from(counts.entries(), ([kind, total]): [Kind, number] => {
    const count = total - (told.get(kind) ?? 0);
    told.set(kind, total);
    return [kind, count];
  });
  return news.filter(([, count]) => count > 0);
}

function tellTurnedAway(): void {
  const [[, total] = ['', 0]] = [...turnedAway.entries()];
  if (total > told) send({ type: 'turned-away', connections: total - told });
  told = total;
}
