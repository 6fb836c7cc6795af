/** Applications in Python. Pure. */
import { type Application, firstOf, manners, type ProjectFiles } from './application.ts';

const MODULES = ['app.py', 'main.py', 'wsgi.py', 'asgi.py', 'server.py', 'application.py'];
const REQUIREMENTS = ['requirements.txt', 'pyproject.toml', 'Pipfile', 'setup.py'];

/** A name in a module that is made by a framework's class. */
const FRAMEWORKS = [
  { name: 'Flask', pattern: /^(\w+)\s*(?::[^=\n]+)?=\s*(?:flask\.)?Flask\(/m, isAsync: false },
  { name: 'FastAPI', pattern: /^(\w+)\s*(?::[^=\n]+)?=\s*(?:fastapi\.)?FastAPI\(/m, isAsync: true },
  { name: 'Starlette', pattern: /^(\w+)\s*(?::[^=\n]+)?=\s*Starlette\(/m, isAsync: true },
] as const;

export function django(files: ProjectFiles): Application | null {
  if (!files.entries.includes('manage.py')) return null;
  const project = files.entries.find((entry) => files.list(entry).includes('wsgi.py'));
  const kind = 'Django (manage.py)';
  const before = 'Migrations are yours to run: `tenement exec web:ID -- python manage.py migrate`.';
  if (project !== undefined && requires(files, 'gunicorn')) {
    return {
      kind,
      command: `${program(files, 'gunicorn')} --bind unix:{socket} ${project}.wsgi`,
      listen: 'socket',
      before,
    };
  }
  if (project !== undefined && requires(files, 'uvicorn')) {
    return {
      kind,
      command: `${program(files, 'uvicorn')} --uds {socket} ${project}.asgi:application`,
      listen: 'socket',
      before,
    };
  }
  return {
    kind,
    command: `${program(files, 'python3')} manage.py runserver --noreload 127.0.0.1:{port}`,
    listen: 'port',
    before,
  };
}

export function framework(files: ProjectFiles): Application | null {
  for (const path of MODULES) {
    const text = files.read(path) ?? '';
    for (const { name, pattern, isAsync } of FRAMEWORKS) {
      const [, variable] = pattern.exec(text) ?? [];
      if (variable === undefined) continue;
      const { health } = manners(text);
      const target = `${path.replace(/\.py$/, '')}:${variable}`;
      const command = isAsync
        ? `${program(files, 'uvicorn')} --uds {socket} ${target}`
        : `${program(files, 'gunicorn')} --bind unix:{socket} ${target}`;
      return { kind: `${name} (${path})`, command, listen: 'socket', ...(health !== undefined && { health }) };
    }
  }
  return null;
}

export function plainPython(files: ProjectFiles): Application | null {
  const found = firstOf(files, MODULES);
  if (found === null) return null;
  return {
    kind: `Python (${found.path})`,
    command: `${program(files, 'python3')} ${found.path}`,
    ...manners(found.text),
  };
}

function requires(files: ProjectFiles, name: string): boolean {
  return REQUIREMENTS.some((path) => new RegExp(`\\b${name}\\b`).test(files.read(path) ?? ''));
}

/** Prefers the program of a virtual environment in the directory. */
function program(files: ProjectFiles, name: string): string {
  const venv = ['.venv', 'venv'].find((dir) => files.list(`${dir}/bin`).includes(name));
  return venv === undefined ? name : `${venv}/bin/${name}`;
}
