/** The end of a command that `exec` ran: its exit status is that of `exec`, and nothing is said about it. */
export class CommandEnd extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`ended with status ${status}`);
    this.status = status;
  }
}
