/** tenement's own listener at the public path of an instance. A connection to it activates the instance. */
import { rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { SocketAccess } from '../../core/service/service.ts';
import { Intake } from './backlog/intake.ts';
import { grantAccess, isSameFile, listenInPlace } from './public-socket.ts';

/** The kernel caps it at net.core.somaxconn. */
const BACKLOG = 4096;

/** `inherited`: the connection waited in the backlog of a process that has ended. */
export type OnActivation = (instance: InstanceName, connection: Socket, inherited: boolean) => void;

export interface ActivationSocketOptions {
  readonly instance: InstanceName;
  readonly publicSocket: string;
  /** Path to bind. libuv removes this name when the listener closes, so it must not be the public path. */
  readonly bindName: string;
  readonly access: SocketAccess;
  readonly onActivation: OnActivation;
  /** Called when it stops listening, or cannot accept for a while, for example because no descriptors are left. */
  onError(error: Error): void;
}

export class ActivationSocket {
  readonly publicSocket: string;
  /** The path that the kernel reports for its connections. */
  readonly bindName: string;
  private readonly intake: Intake;
  private readonly file: { readonly dev: number; readonly ino: number };
  private access: SocketAccess;

  /** Listens, and replaces what is at the public path in one step. @throws {Error} when it cannot listen */
  constructor(options: ActivationSocketOptions) {
    const { instance, publicSocket, bindName, access, onActivation } = options;
    this.publicSocket = publicSocket;
    this.bindName = bindName;
    this.access = access;
    this.intake = new Intake((socket) => onActivation(instance, socket, false));
    this.server.on('error', (error) => options.onError(error));
    const prepare = () => grantAccess(bindName, access);
    this.file = listenInPlace(this.server, { bindName, path: publicSocket, backlog: BACKLOG, prepare });
  }

  /** Whether the public path leads to this socket. */
  get isInPlace(): boolean {
    return isSameFile(this.publicSocket, this.file);
  }

  /** Changes who may connect. It must be in place. @throws {Error} of chmod(2) and chown(2) */
  grant(access: SocketAccess): void {
    const { socketMode, socketGroup } = this.access;
    if (socketMode === access.socketMode && socketGroup === access.socketGroup) return;
    grantAccess(this.publicSocket, access);
    this.access = access;
  }

  /**
   * Accepts what is in its backlog, then closes: another socket has its public path. `onDone`: its last client has
   * left.
   */
  retire(onDone: () => void = () => {}): void {
    this.intake.closeWhenQuiet(onDone);
  }

  /** Stops listening without a trace: another process has a descriptor of the socket, and its clients wait. */
  leave(): void {
    this.server.close();
  }

  /** Removes the public path if it still leads to this socket. */
  unpublish(): void {
    if (this.isInPlace) rmSync(this.publicSocket, { force: true });
  }

  close(): void {
    this.unpublish();
    this.server.close();
  }

  private get server(): Server {
    return this.intake.server;
  }
}
