/** What an application is, as its files tell. Pure. */

/** The files of a directory. */
export interface ProjectFiles {
  /** The name of the directory. */
  readonly name: string;
  /** Names of what is in it. */
  readonly entries: readonly string[];
  /** Returns the text of a file, by its path in the directory; null: there is none. */
  read(path: string): string | null;
  /** Returns the names in a directory in it. */
  list(path: string): readonly string[];
}

export interface Application {
  /** The kind of application, and the file that shows it: `Flask (app.py)`. */
  readonly kind: string;
  /** A line that is split into words as a shell does, or the words themselves. */
  readonly command: string | readonly string[];
  readonly listen: 'socket' | 'port';
  readonly env?: Readonly<Record<string, string>>;
  /** The path of its health checks, if it has one. */
  readonly health?: string;
  /** What to do before it runs. */
  readonly before?: string;
}

export type Detector = (files: ProjectFiles) => Application | null;

const HEALTH_ROUTE = /["'`](\/(?:healthz?|_health|up))["'`]/;

/** How a program listens, and where its health checks are, as its text tells. */
export function manners(text: string): Pick<Application, 'listen' | 'health'> {
  const [, health] = HEALTH_ROUTE.exec(text) ?? [];
  return { listen: text.includes('SOCKET_PATH') ? 'socket' : 'port', ...(health !== undefined && { health }) };
}

/** Returns the first of the files that there is, with its text. */
export function firstOf(files: ProjectFiles, paths: readonly string[]): { path: string; text: string } | null {
  for (const path of paths) {
    const text = files.read(path);
    if (text !== null) return { path, text };
  }
  return null;
}

const PORT = /\$\{PORT(?::-?\d+)?\}|\$PORT\b/g;
const SHELL_SYNTAX = /[|&;<>()$`\\*?#~]/;

/** Turns a line of a shell into a command of a service. What only a shell understands is left to one. */
export function commandOf(line: string): Application['command'] {
  const withPort = line.trim().replace(PORT, '{port}');
  if (!SHELL_SYNTAX.test(withPort) && !/^\w+=/.test(withPort)) return withPort;
  return [
    '/bin/sh',
    '-c',
    line
      .trim()
      .replace(/[{}]/g, '$&$&')
      .replace(/^(?!.*[|&;])(?!\w+=)/, 'exec '),
  ];
}
