/**
 * The socket of one child while it serves: who may connect to it, and whether anybody did. With a `direct` policy it is
 * also the public socket; with a `proxied` one it is open to the server alone.
 */
import { lstatSync, type Stats } from 'node:fs';
import type { ProcessRecord } from '../../core/lifecycle/instance.ts';
import type { ProbeResult } from '../../core/ports.ts';
import type { SocketPolicy } from '../../core/service/service.ts';
import { upstreamSocketPath } from '../../core/service/socket-path.ts';
import type { Trash } from '../storage/trash.ts';
import { ListenerHold } from './backlog/listener-hold.ts';
import { ConnectStamp } from './connect-stamp.ts';
import { accessUnder, grantAccess, isThere, keepAccess, publishSocket, takeOverSocket } from './public-socket.ts';

export interface ServedSocketOptions {
  readonly record: ProcessRecord;
  readonly policy: SocketPolicy;
  readonly trash: Trash;
  /** Called at the end of the process with its listening socket, which the callee closes. */
  onListenerLeft(fd: number): void;
}

export class ServedSocket {
  /** The child's socket under a name where no other file can replace it. */
  readonly path: string;
  private readonly options: ServedSocketOptions;
  private policy: SocketPolicy;
  /** null when the child has no socket that others connect to (`listen = "port"`). */
  private readonly stamp: ConnectStamp | null;
  /** Of a `direct` socket: clients connect to it while the process ends. */
  private hold: ListenerHold | null = null;
  private isGone = false;

  constructor(options: ServedSocketOptions) {
    const { record, policy } = options;
    this.options = options;
    this.policy = policy;
    this.path = upstreamSocketPath(record.bindSocket);
    const keep = (stat: Stats) => keepAccess(this.path, stat, accessUnder(this.policy));
    this.stamp = record.publicSocket === null ? null : new ConnectStamp(this.path, keep);
  }

  /** Whether the socket was taken over, by this server or an earlier one. */
  get isTakenOver(): boolean {
    return isThere(this.path);
  }

  /** Takes over the socket that the child has bound, and serves it. */
  async takeOver(): Promise<ProbeResult> {
    const { record, trash } = this.options;
    if (this.stamp === null) return { ok: true };
    try {
      takeOverSocket({ bindSocket: record.bindSocket, upstreamSocket: this.path }, trash);
      if (!this.isProxied) await this.stamp.begin();
    } catch (error) {
      return { ok: false, detail: `its socket could not be moved to ${record.publicSocket}: ${String(error)}` };
    }
    const detail = this.serve();
    return detail === null ? { ok: true } : { ok: false, detail };
  }

  /** Applies a policy, as `LaunchedProcess.expose` does. */
  expose(policy: SocketPolicy, serves: boolean): string | null {
    this.policy = policy;
    return serves ? this.serve() : null;
  }

  /** Puts the socket at the public path, or closes it to others. Returns why that failed, or null. */
  serve(): string | null {
    const { publicSocket } = this.options.record;
    if (publicSocket === null) return null;
    try {
      if (this.isProxied) this.closeToOthers();
      else this.publish(publicSocket);
      return null;
    } catch (error) {
      const what = this.isProxied ? 'closed to others' : `moved to ${publicSocket}`;
      return `its socket could not be ${what}: ${String(error)}`;
    }
  }

  /** Whether anybody connected since the last call, past tenement. */
  wasConnected(): boolean {
    if (!this.isProxied) return this.stamp?.take() ?? false;
    const stat = lstatSync(this.path, { throwIfNoEntry: false });
    if (stat !== undefined) keepAccess(this.path, stat, accessUnder(this.policy));
    return false;
  }

  /** Calls a function whose own connection does not count. */
  probed<T>(connecting: () => Promise<T>): Promise<T> {
    this.hold?.releaseIfClosed();
    return this.stamp === null || this.isProxied ? connecting() : this.stamp.except(connecting);
  }

  /** The process has ended: clients that wait at its listener are passed on. */
  gone(): void {
    this.isGone = true;
    this.hold?.handOver();
  }

  /** Takes no second descriptor of the listener from now on. */
  cancelHold(): void {
    this.hold?.cancel();
  }

  /** Gives up the second descriptor of the listener. */
  release(): void {
    this.hold?.release();
    this.hold = null;
  }

  private get isProxied(): boolean {
    return this.policy.publicSocket === 'proxied';
  }

  private publish(publicSocket: string): void {
    void this.stamp?.begin();
    publishSocket({ upstreamSocket: this.path, publicSocket }, this.policy);
    if (this.isGone) return;
    this.hold ??= new ListenerHold(this.options.record, this.options.onListenerLeft);
    this.hold.beginSoon();
  }

  /** Connections that are open stay so. The proxy's own need no second descriptor: they are tried again. */
  private closeToOthers(): void {
    this.release();
    grantAccess(this.path, accessUnder(this.policy));
  }
}
