/** The systemd units of the package. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const UNITS = ['tenement.service', 'tenement-tenants.service'] as const;

/** Returns the units by the names of their files. */
export function unitFiles(checkout: string): ReadonlyMap<string, string> {
  const read = (name: string) => readFileSync(join(checkout, 'examples/systemd', name), 'utf8');
  return new Map(UNITS.map((name) => [name, read(name).replaceAll('/usr/local/bin/', '/usr/bin/')]));
}
