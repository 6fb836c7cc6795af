import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { configText } from '../../../src/local/init/config-text.ts';
import { detect } from '../../../src/local/init/detect.ts';
import { projectFiles } from '../../../src/local/init/project-files.ts';
import { tempDir } from '../../api/running.ts';

function project(files: Readonly<Record<string, string>>): string {
  const dir = tempDir();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
}

const FLASK = 'from flask import Flask\nserver = Flask(__name__)\n@server.get("/healthz")\n';

test.each<[what: string, files: Readonly<Record<string, string>>, words: string[], listen: 'socket' | 'port']>([
  ['Flask', { 'app.py': FLASK }, ['gunicorn', '--bind', 'unix:{socket}', 'app:server'], 'socket'],
  [
    'Flask with packages of its own',
    { 'wsgi.py': FLASK, '.venv/bin/gunicorn': '' },
    ['.venv/bin/gunicorn', '--bind', 'unix:{socket}', 'wsgi:server'],
    'socket',
  ],
  ['FastAPI', { 'main.py': 'api = FastAPI()\n' }, ['uvicorn', '--uds', '{socket}', 'main:api'], 'socket'],
  [
    'Django with gunicorn',
    { 'manage.py': '', 'shop/wsgi.py': '', 'requirements.txt': 'django\ngunicorn==23\n' },
    ['gunicorn', '--bind', 'unix:{socket}', 'shop.wsgi'],
    'socket',
  ],
  [
    'Django with its own server',
    { 'manage.py': '', 'shop/wsgi.py': '' },
    ['python3', 'manage.py', 'runserver', '--noreload', '127.0.0.1:{port}'],
    'port',
  ],
  [
    'Rails',
    { 'config.ru': '', Gemfile: 'source "x"\ngem "rails"\n' },
    ['bundle', 'exec', 'puma', '--bind', 'unix://{socket}'],
    'socket',
  ],
  [
    'a start script that runs a file',
    {
      'package.json': '{"scripts":{"start":"node --enable-source-maps src/main.js"}}',
      'src/main.js': 'process.env.SOCKET_PATH',
    },
    ['node', '--enable-source-maps', 'src/main.js'],
    'socket',
  ],
  [
    'a start script that runs a program of a package',
    { 'package.json': '{"scripts":{"start":"serve -l $PORT"}}', 'node_modules/.bin/serve': '' },
    ['node_modules/.bin/serve', '-l', '{port}'],
    'port',
  ],
  ['another start script', { 'package.json': '{"scripts":{"start":"a && b"}}' }, ['npm', 'start'], 'port'],
  [
    'the main file of a package',
    { 'package.json': '{"main":"lib/x.js"}', 'lib/x.js': '' },
    ['node', 'lib/x.js'],
    'port',
  ],
  [
    'Next.js',
    { 'package.json': '{"dependencies":{"next":"16"}}' },
    ['node_modules/.bin/next', 'start', '--hostname', '127.0.0.1', '--port', '{port}'],
    'port',
  ],
  ['Go', { 'go.mod': 'module example.com/acme/shop/v2\n' }, ['./shop'], 'port'],
  ['PHP', { 'public/index.php': '' }, ['php', '-S', '127.0.0.1:{port}', '-t', 'public'], 'port'],
  ['Python', { 'app.py': 'os.environ["SOCKET_PATH"]' }, ['python3', 'app.py'], 'socket'],
  ['Node', { 'server.js': 'process.env.PORT' }, ['node', 'server.js'], 'port'],
  [
    'a Procfile',
    { Procfile: `release: x\nweb: gunicorn app:app --bind 127.0.0.1:\${PORT:-5000}\n`, 'app.py': FLASK },
    ['gunicorn', 'app:app', '--bind', '127.0.0.1:{port}'],
    'port',
  ],
  [
    'a Procfile that needs a shell',
    { Procfile: 'web: A=1 ./run "$HOME" {x}\n' },
    ['/bin/sh', '-c', 'A=1 ./run "$HOME" {x}'],
    'port',
  ],
  ['a Dockerfile', { Dockerfile: 'FROM x\nCMD ["old"]\nCMD ["./run", "a b"]\n' }, ['./run', 'a b'], 'port'],
])('%s is found, and the config that is written for it loads', (_what, files, words, listen) => {
  const dir = project(files);
  const found = detect(projectFiles(dir));
  if (found === null) throw new Error('nothing was found');
  writeFileSync(join(dir, 'tenement.toml'), configText(found, { service: 'web', hasUnits: false, workdir: null }));
  const config = loadConfig(join(dir, 'tenement.toml'), { env: {} });
  const service = config.services.get('web');
  expect(service?.command.map((word) => word.replaceAll('{{', '{').replaceAll('}}', '}'))).toEqual(words);
  expect([service?.listen, config.warnings]).toEqual([listen, []]);
});

test('a route of health checks is found', () => {
  expect(detect(projectFiles(project({ 'app.py': FLASK })))).toMatchObject({ health: '/healthz' });
});

test.each([[{}], [{ 'README.md': 'x' }], [{ 'package.json': 'not JSON' }]])(
  'in %j there is no application',
  (files) => {
    expect(detect(projectFiles(project(files)))).toBeNull();
  },
);
