/** A command that an operator runs in an instance's place: what is asked for, and how the command line starts it. */

export interface AskedCommand {
  /** The program and its arguments; at least one word. */
  readonly words: readonly string[];
  /** TERM of the operator's terminal; null: the command gets no terminal. */
  readonly term: string | null;
}

/** What a process of the server's user runs, with a stdin, stdout and stderr of its choice. */
export interface PreparedCommand {
  /** The server's user, which has to run it; null where there are none. */
  readonly uid: number | null;
  /** A shell, to which the path of a file with `script` is given as its last argument. */
  readonly shell: readonly string[];
  /** It replaces the shell by the command, and closes descriptor 3. It may hold secrets. */
  readonly script: string;
  /** Directories of its cgroup, which are empty when it has ended and are then removed. */
  readonly cgroupDirs: readonly string[];
  /** A directory of its own in the state directory, removed with all in it when it has ended; null: it has none. */
  readonly ownDir: string | null;
}
