/**
 * The proxy spread over worker processes that share its port. Each accepts connections by itself, so a worker that crashes
 * or hangs affects neither the others nor the server. A worker that is gone or silent is replaced.
 */
import cluster, { type Worker } from 'node:cluster';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GrantSource } from '../core/admission/serving.ts';
import type { TurnedAway } from '../core/admission/turned-away.ts';
import type { DomainRoute } from '../core/domains/domain-routes.ts';
import type { KeyFeed } from '../core/identity/key-feed.ts';
import type { RefusalCounts } from '../core/identity/refusal-counts.ts';
import type { RequestMeasures } from '../core/observing/request-measures.ts';
import type { ProxySettings, ProxySettingsFeed } from '../core/routing/proxy-settings.ts';
import type { ListenTarget } from '../core/service/listen-target.ts';
import type { ProxyLimits } from '../core/service/service.ts';
import type { ProxyTls } from '../core/tls/tls-source.ts';
import type { TlsChange } from '../core/tls/tls-table.ts';
import { TenementError } from '../errors.ts';
import { countFault, detached } from '../faults.ts';
import type { Logger } from '../logger.ts';
import type { ProxyAddress, ProxyServer, ProxyTarget } from '../proxy/server.ts';
import type { FromWorker, ToWorker, WorkerProxyTarget, WorkerTarget } from './protocol.ts';
import { WorkerSession } from './worker-session.ts';
import { WorkerTables } from './worker-tables.ts';

const PING_MS = 1000;
/**
 * A worker that says nothing while it is sent this many pings in a row hangs. It is a count and not a time: when the server
 * itself was halted, the workers' messages still wait to be read.
 */
const PINGS = 5;
/** The same for a worker that has said nothing yet: its program is still being loaded. */
const FIRST_PINGS = 30;
/** The pause before a worker that ended is replaced. */
const RESTART_MS = 500;
const KILL_GRACE_MS = 1000;

export interface WorkerPoolOptions {
  readonly count: number;
  readonly source: GrantSource;
  readonly limits: ProxyLimits;
  readonly turnedAway: TurnedAway;
  readonly measures: Pick<RequestMeasures, 'add'>;
  readonly logger: Logger;
  readonly settings: ProxySettingsFeed;
  readonly tls: ProxyTls;
  readonly identity: { readonly keys: KeyFeed; readonly refusals: Pick<RefusalCounts, 'add'> };
}

interface Member {
  readonly worker: Worker;
  readonly session: WorkerSession;
  readonly tables: WorkerTables;
  /** Whether it was told to listen, so that it may take requests at any time. */
  isStarted: boolean;
  /** How many more pings may go unanswered. */
  pingsLeft: number;
}

export class WorkerPool implements ProxyServer {
  private readonly options: WorkerPoolOptions;
  private readonly members = new Map<number, Member>();
  /** `asked`: address by which Node's cluster shares one socket among workers, also with port 0. */
  private address: { asked: ProxyTarget; readonly bound: ProxyAddress } | null = null;
  private readonly pinger: NodeJS.Timeout;
  private closing = false;

  constructor(options: WorkerPoolOptions) {
    this.options = options;
    // The kernel hands a connection to the worker that accepts first, and so never to one that hangs.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({
      exec: fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url)),
      args: [],
      // Otherwise SIGUSR1 would open a debugger in a worker that does not handle the signal yet.
      execArgv: [...process.execArgv, '--disable-sigusr1'],
    });
    options.source.onRetired((generation) => this.tellAll({ type: 'retire', generation }));
    options.source.onGrantsEnded((generation) => this.tellAll({ type: 'end-grant', generation }));
    options.source.onRegistration((instance, registered) =>
      this.tellAll({ type: 'registration', instance, registered }),
    );
    options.settings.follow((settings) => this.goBy(settings));
    options.settings.domains.onChanged((routes) => this.route(routes));
    options.tls.source.table.onChanged((changes) => this.changeTls(changes));
    options.identity.keys.follow((keys) => this.tellAll({ type: 'keys', keys }));
    this.pinger = setInterval(() => this.ping(), PING_MS).unref();
  }

  /** Settles when all workers listen. @throws {TenementError} `listen_failed` */
  async listen(target: ProxyTarget): Promise<ProxyAddress> {
    const bound = await this.start(target);
    await Promise.all(Array.from({ length: this.options.count - 1 }, () => this.start(target)));
    this.address = { asked: target, bound };
    return bound;
  }

  private goBy(settings: ProxySettings): void {
    this.tellAll({ type: 'settings', settings });
  }

  /** Settles when every worker that takes requests routes by the change. */
  private route(routes: readonly DomainRoute[]): Promise<void> {
    return this.change((tables) => tables.changeDomains(routes));
  }

  /** Settles when every worker that takes requests answers by the change. */
  private changeTls(changes: readonly TlsChange[]): Promise<void> {
    return this.change((tables) => tables.changeTls(changes));
  }

  private async change(tell: (tables: WorkerTables) => Promise<void>): Promise<void> {
    const told = Array.from(this.members.values(), async ({ tables, isStarted }) => {
      const done = tell(tables);
      if (isStarted) await done;
    });
    await Promise.all(told);
  }

  async close(graceMs: number, hurry?: AbortSignal): Promise<void> {
    this.closing = true;
    clearInterval(this.pinger);
    const ends = [...this.members.values()].map(({ worker }) => ended(worker));
    this.tellAll({ type: 'close', graceMs });
    const late = setTimeout(() => this.killAll(), graceMs + KILL_GRACE_MS).unref();
    hurry?.addEventListener('abort', () => this.killAll(), { once: true });
    if (hurry?.aborted === true) this.killAll();
    await Promise.all(ends);
    clearTimeout(late);
  }

  private async start({ tls = null, ...plain }: ProxyTarget): Promise<ProxyAddress> {
    return this.fork({ ...targetOf(plain), tls: tls === null ? null : targetOf(tls) });
  }

  private fork(listen: WorkerProxyTarget): Promise<ProxyAddress> {
    const worker = cluster.fork();
    const send = (message: ToWorker) => void (worker.isConnected() && worker.send(message));
    const member: Member = {
      worker,
      session: new WorkerSession(this.options.source, this.options.logger, send),
      tables: new WorkerTables(send),
      isStarted: false,
      pingsLeft: FIRST_PINGS,
    };
    this.members.set(worker.id, member);
    void this.begin(member, send, listen);
    return new Promise((resolve, reject) => {
      // A message to a worker that has just ended; `exit` follows.
      worker.on('error', (error) =>
        this.options.logger.debug({ reason: error.message }, 'a message to a proxy worker was lost'),
      );
      worker.on('message', (message: FromWorker) => {
        member.pingsLeft = PINGS;
        if (message.type === 'listening') resolve(message.address);
        else if (message.type === 'changed') member.tables.changed(message.id);
        else if (message.type === 'obtain') this.obtain(message.name, send);
        else if (message.type === 'handshakes') this.countHandshakes(message.counts);
        else if (message.type === 'listen-failed') {
          reject(new TenementError('listen_failed', message.message));
          // Another worker takes its place and tries again, unless none has listened yet.
          worker.process.kill('SIGKILL');
        } else if (message.type === 'turned-away') this.options.turnedAway.add('proxy', message.connections);
        else if (message.type === 'refused-tenants') this.countRefused(message.requests);
        else if (message.type === 'measured') this.options.measures.add(message.requests);
        else if (message.type === 'refresh-keys') this.refreshKeys(send);
        else if (message.type === 'fault') countFault(new Error(message.message), { worker: worker.process.pid });
        else member.session.receive(message);
      });
      worker.once('exit', (code, signal) => {
        reject(new TenementError('listen_failed', `a proxy worker ended at once: ${signal ?? code}`));
        this.gone(member, signal ?? String(code));
      });
    });
  }

  /** Gives a worker all domains before it takes its first request. */
  private async begin(member: Member, send: (message: ToWorker) => void, listen: WorkerProxyTarget): Promise<void> {
    const { source, settings, identity, tls, logger, count: processes } = this.options;
    const limits = { ...this.options.limits, processes };
    await member.tables.tellDomains(settings.domains);
    await member.tables.tellTls(tls.source.table);
    member.isStarted = true;
    const registered = [...source.names()];
    const { current: keys } = identity.keys;
    const mayObtain = tls.source.obtain !== null;
    const logLevel = logger.level;
    send({ type: 'start', listen, mayObtain, limits, logLevel, settings: settings.current, keys, registered });
  }

  private countRefused(requests: Extract<FromWorker, { type: 'refused-tenants' }>['requests']): void {
    for (const [reason, count] of requests) this.options.identity.refusals.add(reason, count);
  }

  /** All workers are told of new keys when these are loaded, which is before this answer. */
  private refreshKeys(send: (message: ToWorker) => void): void {
    const { identity, logger } = this.options;
    detached(
      logger,
      { part: 'identity' },
      identity.keys.refresh().then(() => send({ type: 'keys-refreshed' })),
    );
  }

  /** Always answers, because handshakes wait for it. */
  private obtain(name: string, send: (message: ToWorker) => void): void {
    const { tls, logger } = this.options;
    const obtained = tls.source.obtain?.(name) ?? Promise.resolve();
    detached(
      logger,
      { part: 'tls' },
      obtained.finally(() => send({ type: 'obtained', name })),
    );
  }

  private countHandshakes(counts: Extract<FromWorker, { type: 'handshakes' }>['counts']): void {
    for (const [result, count] of counts) this.options.tls.counts.add(result, count);
  }

  private gone({ worker, session, tables }: Member, how: string): void {
    this.members.delete(worker.id);
    tables.lost();
    session.close();
    const { address } = this;
    if (this.closing || address === null) return;
    // The port was given back with the last worker.
    if (this.members.size === 0 && address.asked.openSockets === undefined) address.asked = address.bound;
    this.options.logger.error({ pid: worker.process.pid, how }, 'a proxy worker ended; starting another');
    setTimeout(() => void this.replace(address.asked), RESTART_MS).unref();
  }

  private async replace(listen: ProxyTarget): Promise<void> {
    try {
      if (!this.closing) await this.start(listen);
    } catch (error) {
      if (!this.closing) this.options.logger.error({ err: error }, 'a proxy worker did not start');
    }
  }

  private ping(): void {
    for (const member of this.members.values()) {
      const { worker } = member;
      if (member.pingsLeft === 0) worker.process.kill('SIGKILL');
      else if (worker.isConnected()) worker.send({ type: 'ping' } satisfies ToWorker);
      member.pingsLeft = Math.max(0, member.pingsLeft - 1);
    }
  }

  private killAll(): void {
    for (const { worker } of this.members.values()) worker.process.kill('SIGKILL');
  }

  private tellAll(message: ToWorker): void {
    for (const { worker } of this.members.values()) if (worker.isConnected()) worker.send(message);
  }
}

/** Each worker gets a descriptor of its own, which Node's cluster closes when the worker is gone. */
function targetOf({ host, port, openSockets }: ListenTarget): WorkerTarget {
  return { host, port, fds: openSockets?.(1) };
}

function ended(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    if (worker.isDead()) return resolve();
    worker.once('exit', () => resolve());
  });
}
