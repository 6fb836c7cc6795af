/** One running child: its process, its output, its sockets, its end. */
import type { ProcessIdentity } from '../core/instance.ts';
import type { LaunchedProcess, ProbeResult, ProcessExit, Upstream } from '../core/ports.ts';
import type { ServiceConfig } from '../core/service.ts';
import { removeBindDir } from './directories.ts';
import type { OutputTap } from './output-sink.ts';
import { releasePort } from './port.ts';
import { askLiveness } from './probe.ts';
import { publishSocket, type SocketFile, withdrawSocket } from './public-socket.ts';
import { type DirWatch, waitReady } from './readiness.ts';
import { terminateAll } from './terminate.ts';

/** How long the end of a process waits for the last of its output to be read. */
const OUTPUT_WAIT_MS = 200;

export interface ChildParts {
  readonly identity: ProcessIdentity;
  readonly exited: Promise<ProcessExit>;
  readonly service: ServiceConfig;
  readonly bindSocket: string;
  readonly publicSocket: string | null;
  readonly port: number | null;
  readonly dirWatch: DirWatch;
  readonly output: OutputTap;
}

export class Child implements LaunchedProcess {
  readonly identity: ProcessIdentity;
  readonly exited: Promise<ProcessExit>;
  private readonly parts: ChildParts;
  private readonly gone = new AbortController();
  private readonly hurry = new AbortController();
  private ending: Promise<void> | null = null;
  private published: SocketFile | null = null;

  constructor(parts: ChildParts) {
    this.parts = parts;
    this.identity = parts.identity;
    this.exited = parts.exited;
    void parts.exited.then(() => this.gone.abort());
  }

  get upstream(): Upstream {
    const { port, publicSocket, bindSocket } = this.parts;
    return port === null ? { socketPath: publicSocket ?? bindSocket } : { port };
  }

  async waitReady(signal: AbortSignal): Promise<ProbeResult> {
    const { service, dirWatch, port, bindSocket } = this.parts;
    const options = {
      upstream: port === null ? { socketPath: bindSocket } : { port },
      health: service.health,
      healthTimeoutMs: service.healthTimeoutMs,
      pid: this.identity.pid,
    };
    const either = AbortSignal.any([signal, this.gone.signal]);
    const result = await waitReady(options, dirWatch, either);
    dirWatch.close();
    if (this.gone.signal.aborted) return { ok: false, detail: 'exited before it was ready' };
    if (!result.ok) return result;
    return signal.aborted ? { ok: false, detail: 'became ready too late' } : this.publish();
  }

  probe(): Promise<ProbeResult> {
    const { health, healthTimeoutMs } = this.parts.service;
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

  private publish(): ProbeResult {
    const { bindSocket, publicSocket, service } = this.parts;
    if (publicSocket === null) return { ok: true };
    try {
      this.published = publishSocket(bindSocket, publicSocket, service.socketMode);
      return { ok: true };
    } catch (error) {
      return { ok: false, detail: `its socket could not be moved to ${publicSocket}: ${String(error)}` };
    }
  }

  private async end(graceMs: number): Promise<void> {
    const { bindSocket, port, dirWatch, output } = this.parts;
    await terminateAll({
      leader: this.identity,
      exited: this.exited,
      marker: `SOCKET_PATH=${bindSocket}`,
      hurry: this.hurry.signal,
      graceMs,
    });
    if (this.published !== null) withdrawSocket(this.published);
    dirWatch.close();
    removeBindDir(bindSocket);
    if (port !== null) releasePort(port);
    await Promise.race([output.done, timeout(OUTPUT_WAIT_MS)]);
  }
}

function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
