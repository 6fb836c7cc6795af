/** The listener at the public path of an instance that is not ready: whoever connects rings. */
import { renameSync, rmSync, statSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { SocketAccess } from '../../core/service/service.ts';
import { Intake } from './intake.ts';
import { grantAccess, isFile } from './public-socket.ts';

/** The kernel caps it at net.core.somaxconn. */
const BACKLOG = 4096;

/** `inherited`: it was made to a process that did not take it in. */
export type OnRing = (instance: InstanceName, connection: Socket, inherited: boolean) => void;

export interface ActivationSocketOptions {
  readonly instance: InstanceName;
  readonly publicSocket: string;
  /**
   * Where it is bound, once: libuv removes the name that it bound when the listener closes, which must not be
   * the public one.
   */
  readonly bindName: string;
  readonly access: SocketAccess;
  readonly onRing: OnRing;
  /** It stopped listening, or takes no connection for a while: no descriptors left, say. */
  onError(error: Error): void;
}

export class ActivationSocket {
  readonly publicSocket: string;
  /** The path that those who rang are connected to. */
  readonly bindName: string;
  private readonly intake: Intake;
  private readonly file: { readonly dev: number; readonly ino: number };

  /** Listens, and takes the place of what lay at the public path, in one step. @throws {Error} */
  constructor(options: ActivationSocketOptions) {
    const { instance, publicSocket, bindName, access, onRing } = options;
    this.publicSocket = publicSocket;
    this.bindName = bindName;
    this.intake = new Intake((socket) => onRing(instance, socket, false));
    this.server.on('error', (error) => options.onError(error));
    // Binds and listens before it returns; a failure is told by `listening`, its reason by the event.
    this.server.listen({ path: bindName, backlog: BACKLOG });
    if (!this.server.listening) throw new Error(`cannot listen at ${bindName}`);
    this.server.unref();
    try {
      grantAccess(bindName, access);
      const { dev, ino } = statSync(bindName);
      this.file = { dev, ino };
      renameSync(bindName, publicSocket);
    } catch (error) {
      this.server.close();
      throw error;
    }
  }

  /** Whether the public path leads to it. */
  get isInPlace(): boolean {
    return isFile(this.publicSocket, this.file);
  }

  /** Another has taken its place: takes in who rang before that, then ends. `onDone`: nobody who rang is connected. */
  retire(onDone: () => void = () => {}): void {
    this.intake.closeWhenQuiet(onDone);
  }

  /** Ends it, and removes it from the public path if it is still there. */
  takeDown(): void {
    if (this.isInPlace) rmSync(this.publicSocket, { force: true });
    this.server.close();
  }

  private get server(): Server {
    return this.intake.server;
  }
}
