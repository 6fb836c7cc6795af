/** Responses on connections of a host program. The connections themselves stay open, except those that have become streams. */
import type { Socket } from 'node:net';
import type { ClientResponse } from './client/client.ts';
import { withinGrace } from './grace.ts';

export class HostInFlight {
  private readonly owed = new Set<ClientResponse>();
  private readonly streams = new Set<Socket>();
  private onDone = () => {};

  begin(response: ClientResponse): void {
    this.owed.add(response);
  }

  /** WebSockets and server-sent events end only with their connection. */
  becomeStream(socket: Socket): void {
    this.streams.add(socket);
    socket.once('close', () => this.streams.delete(socket));
  }

  /** The response is complete, or has become a stream. */
  end(response: ClientResponse): void {
    // A second call is for a stream, whose connection may next carry the host's own responses.
    if (!this.owed.delete(response)) this.streams.delete(response.req.socket);
    if (this.owed.size === 0) this.onDone();
  }

  /** Settles when all owed responses have been sent, `graceMs` have passed or `hurry` aborts; none is open then. */
  async drain(graceMs: number, hurry?: AbortSignal): Promise<void> {
    await withinGrace(graceMs, hurry, (onDone) => {
      this.onDone = onDone;
      if (this.owed.size === 0) onDone();
    });
    for (const response of this.owed) response.destroy();
    for (const socket of this.streams) socket.destroy();
  }
}
