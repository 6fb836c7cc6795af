/** What every error code says of itself. */
export type ExitStatus = 1 | 2 | 3 | 126 | 127;

export interface CodeEntry {
  /** HTTP status of a response with this code. */
  readonly httpStatus: number;
  /**
   * Exit status of a command that fails with this code: 1 failed, 2 usage or bad input, 3 no server. `exec` follows the
   * shell: 127 when there is no such command, 126 when it cannot be run.
   */
  readonly exitStatus: ExitStatus;
  /** What to do about it, unless the thrower gives a better hint. */
  readonly hint: string;
}
