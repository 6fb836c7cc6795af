/** The faults that the run injects, one after the other: random, but the same with the same seed. */
import { setTimeout as delay } from 'node:timers/promises';
import { commandOf, processesOf, serving } from './census.ts';
import { servingIn } from './ledger.ts';
import type { FaultLog } from './log.ts';
import type { Random } from './random.ts';
import type { ServerUnderTest } from './server.ts';
import { KINDS, type Kind, type Tenant } from './tenants.ts';

export interface FaultsOptions {
  readonly server: ServerUnderTest;
  readonly tenants: readonly Tenant[];
  readonly log: FaultLog;
  readonly random: Random;
}

const WEIGHTS = {
  killTenant: 12,
  killServer: 4,
  goodEdit: 4,
  badEdit: 3,
  stopAndStart: 6,
  sleep: 10,
  restart: 8,
  removeAndSpawn: 5,
  freeze: 5,
  freezeToDeath: 1,
} as const;
type Fault = keyof typeof WEIGHTS;

const BAD_CONFIGS = ['half a li', '[service.plain]\ncomand = "x"\n', '[settings]\nmax_running = "many"\n', ''];

export class Faults {
  readonly done = new Map<string, number>();
  survivors = { before: 0, after: 0 };
  /** Instances whose process did not survive a kill of the server: the state by the registry, and the command line. */
  readonly lostInstances: string[] = [];
  private readonly options: FaultsOptions;
  private readonly under: Promise<void>[] = [];
  /** Killed processes, which remain for a while on a busy machine. */
  private readonly killed = new Set<number>();

  constructor(options: FaultsOptions) {
    this.options = options;
  }

  /** Runs until the signal aborts; then every fault has been undone. */
  async run(ended: AbortSignal, pauseMs: number): Promise<void> {
    const { random } = this.options;
    while (!ended.aborted) {
      await delay(random.between(0, 2 * pauseMs), undefined, { signal: ended }).catch(() => {});
      if (!ended.aborted) await this.begin(random.weighted(WEIGHTS));
    }
    await Promise.all(this.under);
  }

  /** Faults that take a while run beside the others. */
  private async begin(fault: Fault): Promise<void> {
    this.done.set(fault, (this.done.get(fault) ?? 0) + 1);
    const tenant = this.options.random.pick(this.options.tenants);
    if (fault === 'killServer') return this.killServer();
    if (fault === 'goodEdit') return this.goodEdit();
    if (fault === 'badEdit') return this.badEdit();
    this.under.push(this.doTo(fault, tenant));
  }

  private async doTo(fault: Fault, tenant: Tenant): Promise<void> {
    const { random } = this.options;
    switch (fault) {
      case 'killTenant':
        return this.signal(tenant, 'SIGKILL');
      case 'stopAndStart':
        return this.away(
          tenant,
          () => this.verb(tenant, 'stop'),
          () => this.verb(tenant, 'start'),
        );
      case 'removeAndSpawn':
        return this.away(
          tenant,
          () => this.call('DELETE', tenant),
          () => this.spawn(tenant),
        );
      case 'freeze':
        return this.freeze(tenant, random.between(200, 3000));
      case 'freezeToDeath':
        return this.freeze(tenant, 15_000);
      case 'sleep':
      case 'restart':
        return this.verb(tenant, fault);
    }
  }

  private signal(tenant: Tenant, name: NodeJS.Signals): void {
    const { server, log } = this.options;
    if (name === 'SIGKILL') log.note(tenant, 'death');
    for (const pid of serving(processesOf(server.dataDir), tenant)) {
      if (name === 'SIGKILL') this.killed.add(pid);
      kill(pid, name);
    }
  }

  private async killServer(): Promise<void> {
    const { server, random } = this.options;
    const forMs = random.between(0, 1500);
    await server.kill();
    // Instances that were being stopped or put to sleep at that moment are exempt: they have had their SIGTERM.
    const serving = servingIn(server.dataDir);
    const before = this.everyone().filter((pid) => serving.has(pid) && !this.killed.has(pid));
    const were = new Map(before.map((pid) => [pid, `${serving.get(pid)} ${commandOf(pid)}`]));
    await delay(forMs);
    const after = new Set(this.everyone());
    await server.start();
    for (const pid of before) if (!after.has(pid)) this.lostInstances.push(`${pid} ${were.get(pid)}`);
    this.survivors = {
      before: this.survivors.before + before.length,
      after: this.survivors.after + before.filter((pid) => after.has(pid)).length,
    };
  }

  /** Excludes instances whose processes end by themselves. */
  private everyone(): number[] {
    const { server, tenants } = this.options;
    const found = processesOf(server.dataDir);
    return tenants
      .filter(({ kind }) => !['crashes', 'leaks', 'loops', 'hostile'].includes(kind))
      .flatMap((one) => serving(found, one));
  }

  private goodEdit(): void {
    const { server, random } = this.options;
    const { generation, idleTimeoutS, extra } = server.edit;
    const kind: Kind = random.pick(KINDS);
    const choice = random.next();
    if (choice < 0.6) {
      server.writeConfig({ idleTimeoutS, extra, generation: { ...generation, [kind]: (generation[kind] ?? 0) + 1 } });
    } else if (choice < 0.8) server.writeConfig({ generation, extra, idleTimeoutS: 2 + Math.floor(random.next() * 4) });
    else server.writeConfig({ generation, idleTimeoutS, extra: !extra });
  }

  private async badEdit(): Promise<void> {
    const { server, random } = this.options;
    server.writeText(random.pick(BAD_CONFIGS));
    await delay(random.between(50, 400));
    server.writeConfig(server.edit);
  }

  private async away(tenant: Tenant, leave: () => Promise<void>, comeBack: () => Promise<void>): Promise<void> {
    const end = this.options.log.begin(tenant, 'away');
    // Random values are drawn before any wait, so that they are the same each time.
    const forMs = this.options.random.between(0, 1000);
    await leave();
    await delay(forMs);
    await comeBack();
    end();
  }

  private async freeze(tenant: Tenant, forMs: number): Promise<void> {
    const { server, log } = this.options;
    const pids = serving(processesOf(server.dataDir), tenant);
    // An instance frozen for long fails its liveness probes, and is ended.
    const end = log.begin(tenant, 'death');
    for (const pid of pids) kill(pid, 'SIGSTOP');
    await delay(forMs);
    for (const pid of pids) if (serving(processesOf(server.dataDir), tenant).includes(pid)) kill(pid, 'SIGCONT');
    end();
  }

  private verb(tenant: Tenant, verb: string): Promise<void> {
    return this.call('POST', tenant, `/${verb}`);
  }

  private async spawn({ kind, id }: Tenant): Promise<void> {
    await this.options.server.api('POST', `/spawn/${kind}/--id=${id}?start=false`);
  }

  private async call(method: string, { instance }: Tenant, path = ''): Promise<void> {
    await this.options.server.api(method, `/api/instances/${instance}${path}`);
  }
}

export function kill(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // The process has ended meanwhile.
  }
}
