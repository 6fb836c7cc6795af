/**
 * Open connections, and the responses owed on them. Lets a server end in order. In the end the state of the sockets
 * counts, not whether their events were seen: a fault may have kept a listener from running.
 */
import type { Socket } from 'node:net';
import type { ClientResponse } from './client/client.ts';
import type { ClientOfSource } from './client/client-source.ts';
import { withinGrace } from './grace.ts';
import { SwapRemoveSet } from './swap-remove-set.ts';

/** How often an ending server looks for sockets whose end was not seen. */
const LOOK_MS = 250;

export class InFlight {
  private readonly sockets = new Set<Socket>();
  /** Those of them that are in a handshake. */
  private readonly handshaking = new Set<Socket>();
  /** Connections that announce their end themselves. */
  private readonly leaving = new Map<Socket, () => void>();
  private readonly owed = new SwapRemoveSet<ClientResponse>();
  /** WebSockets and server-sent events. They end only with their connection, so nothing waits for them. */
  private readonly streams = new Set<Socket>();
  /** Set while closing; called when everything owed has been sent. */
  private onDone: (() => void) | null = null;
  /** Set while closing, as long as idle connections stay open. */
  private isPatient = false;

  /** @param client reads the connection */
  connected(socket: Socket, client: Pick<ClientOfSource, 'leave'>): void {
    this.sockets.add(socket);
    if (client.leave !== undefined) this.leaving.set(socket, () => client.leave?.());
    socket.once('close', () => {
      this.forget(socket);
      this.look();
    });
  }

  /** A connection in a handshake, which ends by `secured`, or by its close. */
  connecting(socket: Socket): void {
    this.handshaking.add(socket);
    this.connected(socket, {});
  }

  /** The handshake is over. What becomes of the connection is `connected` in the same step, with a socket of its own. */
  secured(socket: Socket): void {
    this.forget(socket);
  }

  private forget(socket: Socket): void {
    this.sockets.delete(socket);
    this.handshaking.delete(socket);
    this.streams.delete(socket);
    this.leaving.delete(socket);
  }

  begin(response: ClientResponse): void {
    // The last response on its connection; a client with further requests connects to whichever server listens then.
    if (this.onDone !== null) this.askToLeave(response);
    this.owed.add(response);
  }

  becomeStream(socket: Socket): void {
    this.streams.add(socket);
  }

  /** The response is complete, or has become a stream. */
  end(response: ClientResponse): void {
    if (!this.owed.delete(response) || this.onDone === null || this.owed.size > 0) return;
    this.endIdle();
    this.look();
  }

  /** Whether bytes written to the socket now would be inside a response. */
  isAnswering(socket: Socket): boolean {
    for (const response of this.owed) {
      if (response.req.socket === socket && response.headersSent) return true;
    }
    return false;
  }

  /**
   * Settles when all owed responses have been sent, `graceMs` have passed or `hurry` aborts; nothing is open then.
   * @param patienceMs how long idle connections stay open for a request that is on its way, and gets the last response
   */
  async drain(graceMs: number, hurry?: AbortSignal, patienceMs = 0): Promise<void> {
    this.forgetDead();
    if (patienceMs > 0) await this.awaitLastRequests(patienceMs, hurry);
    // A handshake takes more round trips than a request, and its request comes after it.
    if (this.handshaking.size > 0 && patienceMs > 0) await this.awaitLastRequests(patienceMs * 2, hurry);
    this.endIdle();
    const looks = setInterval(() => this.lookForDead(), LOOK_MS).unref();
    await withinGrace(graceMs, hurry, (onDone) => {
      this.onDone = onDone;
      this.look();
    });
    clearInterval(looks);
    for (const socket of this.sockets) socket.destroy();
  }

  private async awaitLastRequests(patienceMs: number, hurry?: AbortSignal): Promise<void> {
    this.isPatient = true;
    for (const response of this.owed) this.askToLeave(response);
    await withinGrace(patienceMs, hurry, (onDone) => {
      this.onDone = onDone;
      this.look();
    });
    this.isPatient = false;
  }

  /** Forgets responses on connections that are gone, which can never be sent. */
  private forgetDead(): void {
    for (const response of [...this.owed]) if (response.req.socket.destroyed) this.owed.delete(response);
    for (const socket of this.sockets) {
      if (socket.closed) this.forget(socket);
    }
  }

  private lookForDead(): void {
    const owed = this.owed.size;
    this.forgetDead();
    if (owed > 0 && this.owed.size === 0) this.endIdle();
    this.look();
  }

  /** Tells the client to close its connection: at once where the protocol can, or else with the head of the response. */
  private askToLeave(response: ClientResponse): void {
    const leave = this.leaving.get(response.req.socket);
    if (leave !== undefined) leave();
    else if (!response.headersSent) response.shouldKeepAlive = false;
  }

  private endIdle(): void {
    if (this.isPatient) return;
    const busy = new Set(this.streams);
    for (const response of this.owed) {
      busy.add(response.req.socket);
      this.askToLeave(response);
    }
    for (const socket of this.sockets) {
      const leave = this.leaving.get(socket);
      if (leave !== undefined) leave();
      else if (!busy.has(socket)) socket.destroySoon();
    }
  }

  /** A response may still be in a buffer of this process. Its connection closes when the system has taken it. */
  private look(): void {
    if (this.owed.size === 0 && this.sockets.size <= this.streams.size) this.onDone?.();
  }
}
