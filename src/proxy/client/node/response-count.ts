/** Counts the bytes of one response that node:http writes, of which it says nothing itself. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Traffic } from '../../../core/usage/traffic.ts';

export class ResponseCount {
  private readonly socket: Socket;
  private stop = () => {};

  constructor(socket: Socket, response: ServerResponse) {
    this.socket = socket;
    response.once('close', () => this.stop());
  }

  /** Counts everything that is written to the connection from now on, until the response is over. */
  countFor(traffic: Traffic): void {
    const { socket } = this;
    const sent = {
      bytesRead: 0,
      get bytesWritten() {
        return socket.bytesWritten;
      },
    };
    this.stop();
    this.stop = traffic.follow(sent, { bytesRead: 0, bytesWritten: socket.bytesWritten });
  }
}
