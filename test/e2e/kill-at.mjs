// Loaded into a server by `node --import`: ends it with SIGKILL at one step of the registration, the hooks or the purge of the
// tenant `acme`, or of a change of the key of its secrets, which the variable KILL_AT names. The product knows nothing of it.
import { default as syncFs } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { DatabaseSync, StatementSync } from 'node:sqlite';

const killAt = process.env['KILL_AT'];

function at(step) {
  if (step === killAt) process.kill(process.pid, 'SIGKILL');
}

/** What the open transaction writes. */
let writes = null;
const { run } = StatementSync.prototype;
StatementSync.prototype.run = function (...values) {
  const [tenant, kind] = values;
  if (tenant === 'acme' && kind === 'register') writes = 'registration';
  if (tenant === 'acme' && kind === 'delete') writes = `purge of ${values[2]}`;
  if (tenant === 'acme' && values.length === 8 && values[2] === 'shelf') writes = `hook as ${values[3]}`;
  if (tenant === 'acme' && values.length === 3 && values[2] === 'shelf') writes = 'removal of the hook';
  if (values.length === 5 && values[2] === 'acme') writes = 'secrets under the new key';
  if (tenant === 'acme' && values.length === 1) writes ??= 'end';
  return Reflect.apply(run, this, values);
};
const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function (sql) {
  if (sql.includes('wal_checkpoint')) at('before the old values are scrubbed');
  if (sql !== 'COMMIT' || writes === null) return Reflect.apply(exec, this, [sql]);
  const what = writes;
  writes = null;
  at(`before the ${what} is written`);
  Reflect.apply(exec, this, [sql]);
  at(`after the ${what} is written`);
};

const { renameSync } = syncFs;
syncFs.renameSync = (from, to) => {
  const what = Object.entries({ 'new key': to, 'old key': from }).find(([, path]) =>
    path.endsWith('secrets.key.next'),
  )?.[0];
  if (what === undefined) return renameSync(from, to);
  at(what === 'new key' ? 'before the new key is made' : 'before the old key is replaced');
  renameSync(from, to);
  at(what === 'new key' ? 'after the new key is made' : 'after the old key is replaced');
};

const { mkdir, open } = fs;
fs.mkdir = async (path, options) => {
  if (!String(path).endsWith('/acme')) return mkdir(path, options);
  at('before the directory is made');
  await mkdir(path, options);
  at('after the directory is made');
};
fs.open = async (path, ...rest) => {
  const handle = await open(path, ...rest);
  if (!String(path).endsWith('/acme')) return handle;
  const close = handle.close.bind(handle);
  handle.close = async () => {
    at('after the directory is given to its user');
    await close();
  };
  return handle;
};
syncBuiltinESMExports();
