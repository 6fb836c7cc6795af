/** Applications that say themselves how they are run, and those in Ruby, Go and PHP. Pure. */
import { type Application, commandOf, type ProjectFiles } from './application.ts';

export function procfile(files: ProjectFiles): Application | null {
  const [, line] = /^web:\s*(.+)$/m.exec(files.read('Procfile') ?? '') ?? [];
  return line === undefined
    ? null
    : { kind: 'the web process of the Procfile', command: commandOf(line), listen: 'port' };
}

export function rack(files: ProjectFiles): Application | null {
  if (!files.entries.includes('config.ru')) return null;
  const isRails = /^\s*gem\s+["']rails["']/m.test(files.read('Gemfile') ?? '');
  const puma = files.entries.includes('Gemfile') ? 'bundle exec puma' : 'puma';
  const env = isRails ? { RAILS_ENV: 'production', RAILS_LOG_TO_STDOUT: '1' } : { RACK_ENV: 'production' };
  const kind = isRails ? 'Rails (Gemfile, config.ru)' : 'Rack (config.ru)';
  return { kind, command: `${puma} --bind unix://{socket}`, listen: 'socket', env };
}

export function goModule(files: ProjectFiles): Application | null {
  const [, module] = /^module\s+(\S+)/m.exec(files.read('go.mod') ?? '') ?? [];
  if (module === undefined) return null;
  const name = module.split('/').findLast((part) => !/^v\d+$/.test(part)) ?? 'app';
  const before = files.entries.includes(name) ? {} : { before: `Build it first: go build -o ${name} .` };
  return { kind: 'Go (go.mod)', command: `./${name}`, listen: 'port', ...before };
}

export function php(files: ProjectFiles): Application | null {
  const dir = ['public', '.'].find((one) => (one === '.' ? files.entries : files.list(one)).includes('index.php'));
  return dir === undefined
    ? null
    : { kind: 'PHP (index.php)', command: `php -S 127.0.0.1:{port} -t ${dir}`, listen: 'port' };
}

/** The last CMD of a Dockerfile. What comes before it is not run. */
export function dockerfile(files: ProjectFiles): Application | null {
  const line = [...(files.read('Dockerfile') ?? '').matchAll(/^CMD\s+(.+)$/gim)].at(-1)?.[1]?.trim();
  if (line === undefined) return null;
  const words = wordsOf(line);
  return { kind: 'the CMD of the Dockerfile', command: words ?? commandOf(line), listen: 'port' };
}

/** Returns the words of the JSON form; null: it is a line for a shell. */
function wordsOf(line: string): readonly string[] | null {
  try {
    const parsed: unknown = JSON.parse(line);
    if (!Array.isArray(parsed) || parsed.length === 0) return null;
    return parsed.map((word) => String(word).replace(/[{}]/g, '$&$&'));
  } catch {
    return null;
  }
}
