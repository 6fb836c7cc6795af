/**
 * The file of requests that `tenement verify --probe` sends: the format of HTTP clients in editors (`.http`), with
 * directives in comments (docs/verify.md). Pure.
 */
import { TenementError } from '../../../errors.ts';
import { type Capture, parseCapture } from './capture.ts';
import { placeholdersIn } from './placeholders.ts';

/** `read`: sent to both tenants, and tried across. `plant`: prepares a tenant. `undo`: removes what was planted. */
export type ProbeRole = 'plant' | 'read' | 'undo';

export interface ProbeRequest {
  readonly role: ProbeRole;
  readonly method: string;
  /** Path and query, with placeholders. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly captures: readonly Capture[];
  /** Of the request line. */
  readonly line: number;
}

export interface Probe {
  readonly requests: readonly ProbeRequest[];
  /** `@NAME = value` lines, which may have placeholders. */
  readonly variables: ReadonlyMap<string, string>;
}

/** Placeholders that have a value from the start, besides `env.NAME`. */
const GIVEN_NAMES: readonly string[] = ['canary', 'tenant', 'host', 'url'];

interface Line {
  readonly number: number;
  readonly text: string;
}

/** @param file its name, for messages. @throws {TenementError} `bad_input` */
export function parseProbe(text: string, file: string): Probe {
  const variables = new Map<string, string>();
  const requests: ProbeRequest[] = [];
  const lines = text.split(/\r?\n/).map((line, index): Line => ({ number: index + 1, text: line }));
  for (const section of sectionsOf(lines)) {
    const request = parseSection(section, variables, file);
    if (request !== null) requests.push(request);
  }
  const probe = { requests, variables };
  assertUsable(probe, file);
  return probe;
}

function sectionsOf(lines: readonly Line[]): Line[][] {
  const sections: Line[][] = [[]];
  for (const line of lines) {
    if (line.text.startsWith('###')) sections.push([]);
    else sections.at(-1)?.push(line);
  }
  return sections;
}

function parseSection(lines: readonly Line[], variables: Map<string, string>, file: string): ProbeRequest | null {
  let role: ProbeRole = 'read';
  const captures: Capture[] = [];
  for (const [index, { number, text }] of lines.entries()) {
    const fail = (why: string) => problem(file, number, why);
    const [, name, value = ''] = /^@([\w-]+)\s*=\s*(.*?)\s*$/.exec(text) ?? [];
    const [, word, rest = ''] = /^(?:#|\/\/)\s*@([\w-]+)\s*(.*?)\s*$/.exec(text) ?? [];
    if (name !== undefined) variables.set(name, value);
    else if (word === 'plant' || word === 'undo') role = word;
    else if (word === 'token' || word === 'id') captures.push(parseCapture(word, rest, fail));
    else if (word === 'name') continue;
    else if (word !== undefined) throw fail(`unknown directive @${word}: there are @plant, @undo, @token and @id`);
    else if (text.trim() === '' || /^(#|\/\/)/.test(text)) continue;
    else return parseRequest(lines.slice(index), { role, captures }, file);
  }
  if (captures.length === 0 && role === 'read') return null;
  throw problem(file, lines[0]?.number ?? 1, 'directives without a request');
}

function parseRequest(
  [first, ...rest]: readonly Line[],
  directives: Pick<ProbeRequest, 'role' | 'captures'>,
  file: string,
): ProbeRequest {
  const { number, text } = first ?? { number: 1, text: '' };
  const [, method = '', path = ''] = /^([A-Z]+)\s+(\S+)(?:\s+HTTP\/1\.[01])?\s*$/.exec(text) ?? [];
  if (method === '') throw problem(file, number, `expected a request such as GET /path, found ${JSON.stringify(text)}`);
  if (!path.startsWith('/')) throw problem(file, number, 'write the path alone: the host is that of each tenant');
  const end = rest.findIndex((line) => line.text.trim() === '');
  const fields = end === -1 ? rest : rest.slice(0, end);
  const body = end === -1 ? [] : rest.slice(end + 1);
  const included = body.find((line) => /^<[@ ]/.test(line.text));
  if (included !== undefined) throw problem(file, included.number, 'a body cannot be read from a file');
  return {
    ...directives,
    ...{ method, path, line: number },
    headers: fields.filter((line) => !/^(#|\/\/)/.test(line.text)).map((line) => parseHeader(line, file)),
    body: body
      .map((line) => line.text)
      .join('\n')
      .trimEnd(),
  };
}

/** Fields that the connection and the tenant decide. */
const NOT_ALLOWED = ['host', 'content-length', 'connection', 'transfer-encoding', 'cookie', 'expect'];

function parseHeader({ number, text }: Line, file: string): readonly [string, string] {
  const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+):\s*(.*?)\s*$/.exec(text) ?? [];
  if (name === '')
    throw problem(file, number, `expected a header such as Accept: text/html, found ${JSON.stringify(text)}`);
  if (NOT_ALLOWED.includes(name.toLowerCase())) throw problem(file, number, `${name} is set by tenement`);
  return [name, value];
}

/** @throws {TenementError} `bad_input` */
function assertUsable({ requests, variables }: Probe, file: string): void {
  const has = (role: ProbeRole) => requests.some((request) => request.role === role);
  if (!has('read')) throw problem(file, 1, 'there is no request to try across: one without @plant and @undo');
  const captured = requests.flatMap(({ captures }) => captures.map(({ name }) => name));
  const known = [...GIVEN_NAMES, ...captured, ...variables.keys()];
  for (const [variable, value] of variables)
    for (const name of placeholdersIn(value))
      if (!GIVEN_NAMES.includes(name) && !name.startsWith('env.'))
        throw problem(file, 1, `@${variable} may use ${GIVEN_NAMES.join(', ')} and env.NAME, not {{${name}}}`);
  for (const request of requests)
    for (const name of placeholdersIn(textOf(request)))
      if (!known.includes(name) && !name.startsWith('env.'))
        throw problem(file, request.line, `{{${name}}} is neither captured nor set`);
  const planting = requests.find(({ role, ...request }) => role === 'plant' && usesCanary(textOf(request), variables));
  if (planting !== undefined && !has('undo'))
    throw problem(file, planting.line, 'it plants {{canary}}, and no @undo request removes it');
}

/** Returns everything of a request that may have placeholders. */
export function textOf({ path, headers, body }: Pick<ProbeRequest, 'path' | 'headers' | 'body'>): string {
  return [path, ...headers.map(([name, value]) => `${name}: ${value}`), body].join('\n');
}

export function usesCanary(text: string, variables: Probe['variables']): boolean {
  return placeholdersIn(text).some((name) => name === 'canary' || (variables.get(name) ?? '').includes('{{canary}}'));
}

function problem(file: string, line: number, why: string): TenementError {
  return new TenementError('bad_input', `${file}:${line}: ${why}`, { hint: 'docs/verify.md describes the format.' });
}
