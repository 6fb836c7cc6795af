/** A command that an operator runs for an instance: the request, and how the command line starts it. */

export interface OperatorCommand {
  /** The program and its arguments; at least one word. */
  readonly words: readonly string[];
  /** TERM of the operator's terminal; null: the command gets no terminal. */
  readonly term: string | null;
  /**
   * Whether it only looks. It then gets no variable of the instance's but those by which tenement recognises a process, so
   * that nothing of the tenant's is loaded into it (`LD_PRELOAD`, `NODE_OPTIONS`), and owner and mode of the tenant's
   * directory stay as they are. Default: false.
   */
  readonly isProbe?: boolean | undefined;
}

/** Instructions for a process of the server's user, which chooses stdin, stdout and stderr. */
export interface PreparedCommand {
  /** The server's user, which must run it; null on systems without user ids. */
  readonly uid: number | null;
  /** A shell, which takes the path of a file with `script` as its last argument. */
  readonly shell: readonly string[];
  /** Replaces the shell by the command, and closes descriptor 3. May contain secrets. */
  readonly script: string;
  /** Variables and secrets of the instance, which a command that only looks does not get; empty for any other. */
  readonly env: Readonly<Record<string, string>>;
  /** Directories of its cgroup. They are empty once it has ended, and are then removed. */
  readonly cgroupDirs: readonly string[];
  /** Its own directory in the state directory, removed with its contents when it has ended; null: none. */
  readonly ownDir: string | null;
  /** Its directory of secrets, which is the tenant's, and where it is mounted; both are removed when it has ended. */
  readonly secretsDirs: readonly string[];
}
