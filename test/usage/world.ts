/** Instances in memory whose true use is known, recorded by servers that may be killed, on a clock that may be set. */
import { type InstanceName, instanceName } from '../../src/core/lifecycle/instance.ts';
import type { Clock } from '../../src/core/ports.ts';
import { hourOf } from '../../src/core/usage/hours.ts';
import type { CountedProcess, InstanceUsage } from '../../src/core/usage/usage-recorder.ts';
import { silentLogger } from '../../src/logger.ts';
import { Recorder } from '../../src/usage/recorder.ts';
import { memoryStore } from '../core/usage/support.ts';

const STEP_MS = 100;
/** What a kill may lose. */
const LOST_MS = 1000;

/** What the clock of the machine says, and how long it has been up. Timers run by the latter. */
class TestTime implements Clock {
  wallMs = Date.UTC(2026, 10, 27, 18, 59, 55);
  uptimeMs = 5000;
  private timers: { readonly atMs: number; readonly run: () => void }[] = [];

  nowMs(): number {
    return this.wallMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.uptimeMs + delayMs, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  advance(ms: number): void {
    this.wallMs += ms;
    this.uptimeMs += ms;
    const due = this.timers.filter(({ atMs }) => atMs <= this.uptimeMs);
    this.timers = this.timers.filter((timer) => !due.includes(timer));
    for (const { run } of due) run();
  }

  /** Drops all timers, as the end of a process does. */
  forget(): void {
    this.timers = [];
  }
}

interface Truth {
  cpuSeconds: number;
  awakeSeconds: number;
  requests: number;
}

interface TestProcess {
  readonly pid: number;
  /** Share of a processor that it uses. */
  readonly load: number;
  cpuSeconds: number;
  isFrozen: boolean;
}

export class UsageWorld {
  readonly time = new TestTime();
  readonly store = memoryStore();
  readonly truth: Truth[];
  /** Hour → awake seconds of all instances. */
  readonly awakeByHour = new Map<number, number>();
  /** What may be lost, or belong to another hour, by kills and set clocks. */
  readonly slack = { kills: 0, requests: 0, hourSeconds: 0 };
  private readonly processes: (TestProcess | null)[];
  private recorder!: Recorder;
  private usages: InstanceUsage[] = [];
  private lastPid = 0;
  /** When requests came, by the uptime. */
  private requestsAtMs: number[] = [];

  constructor(instances: number) {
    this.truth = Array.from({ length: instances }, () => ({ cpuSeconds: 0, awakeSeconds: 0, requests: 0 }));
    this.processes = this.truth.map(() => null);
    this.serve();
  }

  private serve(): void {
    const { store, time } = this;
    const uptime = { bootId: 'boot', nowMs: () => time.uptimeMs };
    this.recorder = new Recorder({ store, clock: time, uptime, logger: silentLogger() });
    this.usages = this.truth.map((_, index) => this.recorder.of(nameOf(index), `t${index}`));
  }

  start(index: number, load: number): void {
    if (this.processes[index] !== null) return;
    this.lastPid += 1;
    const process = { pid: this.lastPid, load, cpuSeconds: 0, isFrozen: false };
    this.processes[index] = process;
    this.usages[index]?.launched(countedProcess(process));
    // What is done at the end of the turn.
    this.time.advance(0);
  }

  crash(index: number): void {
    const process = this.processes[index];
    if (process === null || process === undefined) return;
    this.usages[index]?.ended({ cpuSeconds: process.cpuSeconds, memoryBytes: 0 });
    this.processes[index] = null;
  }

  freeze(index: number, isFrozen: boolean): void {
    const process = this.processes[index];
    if (process === null || process === undefined) return;
    process.isFrozen = isFrozen;
    this.usages[index]?.suspended(isFrozen);
  }

  request(index: number): void {
    const [usage, truth] = [this.usages[index], this.truth[index]];
    if (usage === undefined || truth === undefined || this.processes[index] === null) return;
    usage.traffic.requests += 1;
    truth.requests += 1;
    this.requestsAtMs.push(this.time.uptimeMs);
  }

  setClock(byMs: number): void {
    this.time.wallMs += byMs;
    this.slack.hourSeconds += 1;
  }

  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      this.use(STEP_MS / 1000);
      this.time.advance(STEP_MS);
    }
  }

  private use(seconds: number): void {
    this.processes.forEach((process, index) => {
      const truth = this.truth[index];
      if (process === null || truth === undefined || process.isFrozen) return;
      process.cpuSeconds += process.load * seconds;
      truth.cpuSeconds += process.load * seconds;
      truth.awakeSeconds += seconds;
      const hour = hourOf(this.time.wallMs);
      this.awakeByHour.set(hour, (this.awakeByHour.get(hour) ?? 0) + seconds);
    });
  }

  /** SIGKILL; the next server finds the processes after `downMs`, but for one that has ended at once. */
  kill(downMs: number, gone: number): void {
    this.time.forget();
    this.slack.kills += 1;
    const sinceMs = this.time.uptimeMs - LOST_MS;
    this.slack.requests += this.requestsAtMs.filter((atMs) => atMs >= sinceMs).length;
    this.slack.hourSeconds += 1 + downMs / 1000;
    this.processes[gone] = null;
    this.pass(downMs);
    this.serve();
    this.processes.forEach((process, index) => {
      if (process !== null) this.usages[index]?.adopted(countedProcess(process), process.isFrozen);
      else if (index === gone) this.usages[index]?.ended(null);
    });
    this.time.advance(0);
  }

  /** All that is written of one instance after the last second has been counted. */
  written(index: number): Truth {
    this.recorder.flush();
    const sum = this.store.sum(`t${index}`, 0, []);
    return { cpuSeconds: sum.cpuSeconds, awakeSeconds: sum.awakeSeconds, requests: sum.requests };
  }
}

function nameOf(index: number): InstanceName {
  return instanceName('api', `t${index}`);
}

function countedProcess(process: TestProcess): CountedProcess {
  const { pid } = process;
  const usage = () => ({ cpuSeconds: process.cpuSeconds, memoryBytes: 1e9 });
  return { identity: { pid, startTicks: pid }, cpuSecondsBefore: 0, usage };
}
