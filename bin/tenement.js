#!/usr/bin/env node
// This file uses nothing newer than ES2015 and dynamic import, so that an old Node reaches the message below.
const NEEDED = 24;

// By default SIGUSR1 makes Node open a debugger to every user of this machine. Later code may handle it otherwise.
process.on('SIGUSR1', () => {});

function fail(message, hint) {
  process.stderr.write(`tenement: ${message}\nhint: ${hint}\n`);
  process.exit(1);
}

// Node runs the code in its cache without comparing it with the source. So the cache is where only the user who runs it
// can write: Node's default is a directory in /tmp, which any other user may have made.
function enableCache(nodeModule) {
  const env = process.env;
  const home = env.XDG_CACHE_HOME || (env.HOME && `${env.HOME}/.cache`);
  const isRoot = process.getuid !== undefined && process.getuid() === 0;
  if (env.NODE_COMPILE_CACHE) nodeModule.enableCompileCache();
  else if (isRoot) nodeModule.enableCompileCache('/var/cache/tenement');
  else if (home) nodeModule.enableCompileCache(`${home}/tenement`);
}

function start() {
  import('../dist/runtime.js')
    .then(() => import('node:module'))
    .then((nodeModule) => {
      enableCache(nodeModule);
      return import('../dist/cli/main.js');
    })
    .catch((error) => {
      if (error.code === 'unsupported_runtime') fail(`${error.message} (${error.code})`, error.hint);
      if (error.code === 'ERR_MODULE_NOT_FOUND' && /dist.(runtime|cli.main)\.js/.test(error.message)) {
        fail('it has not been built (internal)', 'Run `npm run build` in the checkout.');
      }
      throw error;
    });
}

if (Number.parseInt(process.versions.node, 10) < NEEDED) {
  fail(
    `Node ${process.versions.node} is too old, Node ${NEEDED} or later is needed (node_too_old)`,
    'Install it from https://nodejs.org/, or in a checkout run `npm ci` and then node_modules/.bin/tenement.',
  );
} else {
  start();
}
