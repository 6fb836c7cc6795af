/** One running child: its process, its output, its sockets, its end. */
import { lstatSync } from 'node:fs';
import type { ProcessIdentity, ProcessRecord, SocketFile } from '../core/instance.ts';
import type { LaunchedProcess, ProbeResult, ProcessExit, Upstream } from '../core/ports.ts';
import type { ServiceConfig } from '../core/service.ts';
import { removeBindDir } from './directories.ts';
import type { OutputTap } from './output-sink.ts';
import { releasePort } from './port.ts';
import { askLiveness } from './probe.ts';
import { isSocketFile, publishSocket, withdrawSocket } from './public-socket.ts';
import { type DirWatch, waitReady } from './readiness.ts';
import { terminateAll } from './terminate.ts';

/** How long the end of a process waits for the last of its output to be read. */
const OUTPUT_WAIT_MS = 200;

export interface ChildParts {
  readonly record: ProcessRecord;
  readonly exited: Promise<ProcessExit>;
  readonly service: ServiceConfig;
  readonly dirWatch: DirWatch;
  readonly output: OutputTap;
  /** Called when the process is gone, before its traces are removed. */
  onGone(): void;
  /** Called when it is let go of. */
  onReleased(): void;
  /** Removes its FIFOs. */
  removeOutput(): void;
}

export class Child implements LaunchedProcess {
  readonly exited: Promise<ProcessExit>;
  private readonly parts: ChildParts;
  private readonly gone = new AbortController();
  private readonly hurry = new AbortController();
  private published: SocketFile | null;
  private ending: Promise<void> | null = null;

  constructor(parts: ChildParts) {
    this.parts = parts;
    this.exited = parts.exited;
    this.published = parts.record.published;
    void parts.exited.then(() => this.gone.abort());
  }

  get identity(): ProcessIdentity {
    return this.parts.record;
  }

  get record(): ProcessRecord {
    return { ...this.parts.record, published: this.published };
  }

  get upstream(): Upstream {
    const { port, publicSocket, bindSocket } = this.parts.record;
    return port === null ? { socketPath: publicSocket ?? bindSocket } : { port };
  }

  async waitReady(signal: AbortSignal): Promise<ProbeResult> {
    const replaced = this.whyNotOurs();
    if (replaced !== null) return { ok: false, detail: replaced };
    const result = await this.untilHealthy(AbortSignal.any([signal, this.gone.signal]));
    this.parts.dirWatch.close();
    if (this.gone.signal.aborted) return { ok: false, detail: 'exited before it was ready' };
    if (!result.ok) return result;
    return signal.aborted ? { ok: false, detail: 'became ready too late' } : this.publish();
  }

  probe({ health, healthTimeoutMs }: Pick<ServiceConfig, 'health' | 'healthTimeoutMs'>): Promise<ProbeResult> {
    return askLiveness(this.upstream, health, healthTimeoutMs);
  }

  lastLines(count: number): string[] {
    return this.parts.output.lastLines(count);
  }

  terminate(graceMs: number): Promise<void> {
    if (this.ending === null) this.ending = this.end(graceMs);
    // Called again: whichever grace is over first ends it.
    else if (graceMs === 0) this.hurry.abort();
    else setTimeout(() => this.hurry.abort(), graceMs).unref();
    return this.ending;
  }

  release(): void {
    this.parts.dirWatch.close();
    this.parts.output.close();
    this.parts.onReleased();
  }

  private untilHealthy(signal: AbortSignal): Promise<ProbeResult> {
    const { service, dirWatch, record } = this.parts;
    const { port, bindSocket, publicSocket } = record;
    const socketPath = this.published === null ? bindSocket : (publicSocket ?? bindSocket);
    const options = {
      upstream: port === null ? { socketPath } : { port },
      health: service.health,
      healthTimeoutMs: service.healthTimeoutMs,
      pid: record.pid,
    };
    return waitReady(options, dirWatch, signal);
  }

  /** Whether the public path still leads to this process, for one that an earlier server published. */
  private whyNotOurs(): string | null {
    const { publicSocket, bindSocket } = this.parts.record;
    if (this.published !== null) {
      return isSocketFile(this.published) ? null : `something else lies at its public socket ${publicSocket}`;
    }
    const moved = publicSocket !== null && isThere(publicSocket) && !isThere(bindSocket);
    return moved ? `its socket was being moved to ${publicSocket} when the server before this one ended` : null;
  }

  private publish(): ProbeResult {
    const { service, record } = this.parts;
    const { bindSocket, publicSocket } = record;
    if (publicSocket === null || this.published !== null) return { ok: true };
    try {
      this.published = publishSocket(bindSocket, publicSocket, service.socketMode);
      return { ok: true };
    } catch (error) {
      return { ok: false, detail: `its socket could not be moved to ${publicSocket}: ${String(error)}` };
    }
  }

  private async end(graceMs: number): Promise<void> {
    const { record, dirWatch, output, onGone, removeOutput } = this.parts;
    await terminateAll({
      leader: record,
      exited: this.exited,
      marker: `SOCKET_PATH=${record.bindSocket}`,
      hurry: this.hurry.signal,
      graceMs,
    });
    onGone();
    if (this.published !== null) withdrawSocket(this.published);
    dirWatch.close();
    removeBindDir(record.bindSocket);
    if (record.port !== null) releasePort(record.port);
    await Promise.race([output.done, timeout(OUTPUT_WAIT_MS)]);
    output.close();
    removeOutput();
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
