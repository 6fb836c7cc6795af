/** A proxy worker: the proxy in a process of its own, over a source that asks the server. Ends with the server. */

import { TurnedAway } from '../core/admission/turned-away.ts';
import type { RoutingTable } from '../core/routing/routing.ts';
import { toTenementError } from '../errors.ts';
import { fault, keepServing, onFault } from '../faults.ts';
import { type Logger, silentLogger, stderrLogger } from '../logger.ts';
import { countBodiesWithHeap } from '../proxy/exchange/body-memory.ts';
import { createProxy, type ProxyServer } from '../proxy/server.ts';
import type { FromWorker, ToWorker, WorkerConfig } from './protocol.ts';
import { RemoteSource } from './remote-source.ts';

const send = (message: FromWorker) => void (process.connected && process.send?.(message));
const source = new RemoteSource(send);
let logger: Logger = silentLogger();
let proxy: ProxyServer | null = null;
let config: WorkerConfig | null = null;
let table: RoutingTable | null = null;

/** How often the server is told of connections that were refused. */
const TELL_REFUSED_MS = 1000;
const turnedAway = new TurnedAway();
let told = 0;
setInterval(tellTurnedAway, TELL_REFUSED_MS).unref();

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
    case 'config':
      return configure(message.config);
    case 'registration':
      return source.register(message.instance, message.registered);
    case 'lease':
      return source.leased(message.id, message.lease, message.granted);
    case 'refusal':
      return source.refused(message.id, message.refusal);
    case 'target':
      return source.retarget(message.target);
    case 'retire':
      return source.retire(message.generation);
    case 'ping':
      return send({ type: 'pong' });
    case 'close':
      await proxy?.close(message.graceMs);
      return process.exit(0);
  }
}

async function start({ listen, limits, logLevel, config: first, registered }: Extract<ToWorker, { type: 'start' }>) {
  logger = stderrLogger({ level: logLevel, pretty: process.stderr.isTTY === true });
  // Another takes its place.
  keepServing(logger, () => process.exit(1));
  configure(first);
  for (const instance of registered) source.register(instance, true);
  proxy = createProxy({
    source,
    limits,
    turnedAway,
    logger,
    table: () => table ?? { domains: [], defaultService: null, services: new Set(), aliases: new Map() },
    trustedProxies: () => config?.trustedProxies ?? [],
  });
  try {
    send({ type: 'listening', address: await proxy.listen(listen) });
  } catch (error) {
    send({ type: 'listen-failed', message: toTenementError(error).message });
  }
}

function tellTurnedAway(): void {
  const [[, total] = ['', 0]] = [...turnedAway.entries()];
  if (total > told) send({ type: 'turned-away', connections: total - told });
  told = total;
}

function configure(next: WorkerConfig): void {
  config = next;
  const { domains, defaultService, services, aliases } = next;
  table = { domains, defaultService, services: new Set(services), aliases: new Map(aliases) };
}
