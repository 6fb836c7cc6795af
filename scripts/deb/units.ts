/** The systemd units of the package: those that `tenement install` writes for the package's config. */
import { unitFiles as filesOf } from '../../src/core/service/unit-files.ts';

/** What /etc/tenement/tenement.toml says at first. */
const UNITS_OF_PACKAGE = filesOf({
  program: ['/usr/bin/tenement'],
  programDir: null,
  configFile: '/etc/tenement/tenement.toml',
  dataDir: '/var/lib/tenement',
  runtimeDir: '/run/tenement',
  user: null,
  sockets: { proxy: '127.0.0.1:8080', api: '127.0.0.1:8000' },
});

export const UNITS = UNITS_OF_PACKAGE.map(({ name }) => name);

/** Returns the units by the names of their files. */
export function unitFiles(): ReadonlyMap<string, string> {
  return new Map(UNITS_OF_PACKAGE.map(({ name, text }) => [name, text]));
}
