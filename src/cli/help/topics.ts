/** Texts for `tenement help TOPIC`, at most 80 columns wide. */
import { ERROR_CODES } from '../../errors.ts';

interface Topic {
  readonly summary: string;
  readonly text: () => string;
}

export const TOPICS: Readonly<Record<string, Topic>> = {
  environment: {
    summary: 'variables that commands read',
    text: () => `TENEMENT_CONFIG   the config, whose server is used; -c precedes it
TENEMENT_API      the URL of a server's HTTP API; --api and -c precede it
TENEMENT_TOKEN    the token for that API; --token precedes it
NO_COLOR          prints no colours, if it has a value
FORCE_COLOR       prints colours also into pipes; 0 or false: never
CLICOLOR_FORCE    the same, but for 0
TERM              dumb: no colours and no moving lines`,
  },
  'exit-status': {
    summary: 'exit statuses and error codes',
    text: () => `0  done
1  the operation failed
2  usage or bad input; nothing was done
3  the server cannot be reached

Verbs on several instances end with the highest status of any of them. exec ends
with the status of its command; 127: there is no such command, 126: it cannot be
run. Ctrl-C ends with 130, and logs, events and top with 0.

An error has a code, which never changes its meaning:

${codeLines()}`,
  },
  json: {
    summary: 'output for programs',
    text: () => `Every command that prints data takes --json. It prints one JSON value on stdout
(logs and events: one for each line), which has every field, whatever the
terminal shows.

An error is one line of JSON on stderr, beside the exit status:

  {"error":{"code":"unknown_tenant","message":"…","hint":"…"}}

Further fields, where they apply: "problems" (of a config, with line and
column), "details", and "lastLines" (of a program that failed).

A pipe gets tables whole and without colours. Prefer --json: columns are for
people and may change.`,
  },
};

function codeLines(): string {
  return ([1, 2, 3] as const).map((status) => `${status}  ${wrapped(codesOf(status))}`).join('\n');
}

function codesOf(status: number): string[] {
  return Object.entries(ERROR_CODES).flatMap(([code, entry]) => (entry.exitStatus === status ? [code] : []));
}

function wrapped(words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length > 74) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join('\n   ');
}
