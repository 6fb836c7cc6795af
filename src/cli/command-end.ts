/** Ends `exec` with the exit status of its command, and prints nothing. */
export class CommandEnd extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`ended with status ${status}`);
    this.status = status;
  }
}
