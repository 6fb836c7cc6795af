/** Applications in Node. Pure. */
import { type Application, commandOf, firstOf, manners, type ProjectFiles } from './application.ts';

const PROGRAMS = ['server.js', 'app.js', 'index.js', 'main.js', 'server.mjs', 'app.mjs', 'index.mjs', 'server.ts'];
/** A start script that runs one file, which is then the process itself rather than a child of npm's. */
const RUNS_FILE = /^node\s+(?:--?[\w=-]+\s+)*(\S+\.[cm]?[jt]s)\b/;
const INSTALL = 'Install its packages first: npm ci';

interface Package {
  readonly main?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export function npmPackage(files: ProjectFiles): Application | null {
  const found = packageOf(files);
  if (found === null) return null;
  const { scripts = {}, main, dependencies = {} } = found;
  const before =
    Object.keys(dependencies).length > 0 && !files.entries.includes('node_modules') ? { before: INSTALL } : {};
  if (dependencies['next'] !== undefined) {
    const command = 'node_modules/.bin/next start --hostname 127.0.0.1 --port {port}';
    return { kind: 'Next.js (package.json)', command, listen: 'port', before: 'Build it first: npx next build' };
  }
  const start = scripts['start'];
  if (start !== undefined) return { ...ofScript(start, files), ...before };
  const program = main !== undefined && files.read(main) !== null ? { path: main, text: files.read(main) ?? '' } : null;
  const entry = program ?? firstOf(files, PROGRAMS);
  if (entry === null) return null;
  return { kind: `Node (${entry.path})`, command: `node ${entry.path}`, ...manners(entry.text), ...before };
}

function ofScript(start: string, files: ProjectFiles): Application {
  const kind = 'Node (the start script of package.json)';
  const [, file] = RUNS_FILE.exec(start) ?? [];
  if (file !== undefined) return { kind, command: commandOf(start), ...manners(files.read(file) ?? '') };
  const [program = ''] = start.split(' ');
  const isOfPackage = /^[\w-]+$/.test(program) && files.list('node_modules/.bin').includes(program);
  return { kind, command: isOfPackage ? commandOf(`node_modules/.bin/${start}`) : 'npm start', listen: 'port' };
}

export function plainNode(files: ProjectFiles): Application | null {
  const found = firstOf(files, PROGRAMS);
  return found === null
    ? null
    : { kind: `Node (${found.path})`, command: `node ${found.path}`, ...manners(found.text) };
}

function packageOf(files: ProjectFiles): Package | null {
  try {
    return JSON.parse(files.read('package.json') ?? 'null') as Package | null;
  } catch {
    return null;
  }
}
