/**
 * Finds paths that a tenant should see but that must be hidden from it, by names alone. Symbolic links are resolved at
 * a start.
 */
import { dirname, isAbsolute } from 'node:path';
import { hiddenPaths, socketPlace, tenantOf } from '../../core/service/hidden-paths.ts';
import { kindAt, layersFor } from '../../core/service/layers.ts';
import { isWithin } from '../../core/service/paths.ts';
import type { Config, ServiceConfig } from '../../core/service/service.ts';
import { bindSocketPath, publicSocketPath } from '../../core/service/socket-path.ts';
import { fillTemplate } from '../../core/service/template.ts';
import type { Problem } from './problems.ts';

/** The id of a tenant that does not exist. */
const SAMPLE_ID = 'tenement--sample';

/** Checks services whose tenants are isolated from others' files. */
export function overlapProblems(config: Config): Problem[] {
  const walled = [...config.services.values()].filter(({ isolation }) => isolation !== 'process');
  if (walled.length === 0) return [];
  return [...placesInTenants(config), ...walled.flatMap((service) => hiddenPathProblems(service, config))];
}

/** Every directory in the data directory whose name is a valid id belongs to one tenant, which may write to it. */
function placesInTenants({ settings, services, file, notify, jwt }: Config): Problem[] {
  const places: [Problem['path'], string][] = [
    [['settings', 'runtime_dir'], settings.runtimeDir],
    [['settings', 'data_dir'], file],
    ...[...services.values()].map((service): [Problem['path'], string] => [
      ['service', service.name, 'socket'],
      socketPlace(service, settings).dir,
    ]),
    ...notify.flatMap(({ secretFile }, index): [Problem['path'], string][] =>
      secretFile === null ? [] : [[['notify', index, 'secret_file'], secretFile]],
    ),
    ...keyFileOf(jwt),
  ];
  const isTold = (place: string, index: number) => places.findIndex(([, other]) => other === place) !== index;
  return places.flatMap(([path, place], index) => {
    const tenant = tenantOf(place, settings.dataDir);
    if (tenant === null || isTold(place, index)) return [];
    return [
      { path, message: `${place} would lie in the directory of a tenant "${tenant}": keep it outside of data_dir` },
    ];
  });
}

/** A tenant that could write to the file could sign tokens of others. */
function keyFileOf(jwt: Config['jwt']): [Problem['path'], string][] {
  if (jwt === null || jwt.keys.kind === 'url') return [];
  const { kind, path } = jwt.keys;
  return [[['routing', 'jwt', kind === 'file' ? 'jwks' : 'secret_file'], path]];
}

function hiddenPathProblems(service: ServiceConfig, config: Config): Problem[] {
  const { settings } = config;
  const shown = shownPaths(service, settings.dataDir, settings.runtimeDir);
  const { dirs: secretDirs, socketDirs, files } = hiddenPaths({ ...config, services: config.services.values() }, 0);
  const wholeHost = service.readOnlyPaths === null;
  const apart = {
    wholeHost,
    hidden: [],
    scratch: [],
    writable: [],
    secretFiles: [],
    ownReadOnly: [],
    sockets: [],
    hidesSingleSockets: true,
  };
  const places = { ...apart, socketDirs, secretDirs };
  const layers = layersFor({ ...places, shown: shown.map(({ path }) => path), own: ownDirs(service, settings) });
  const secrets = [...secretDirs, ...socketDirs, ...files];
  return [
    ...shown
      .filter(({ path }) => kindAt(path, layers, true) === 'empty')
      .map(({ key, path }) => ({
        path: ['service', service.name, key],
        message: hiddenMessage(path, service, settings),
      })),
    ...shown
      .filter(({ key, path }) => key === 'read_write_paths' && kindAt(path, layers, true) !== 'own')
      .flatMap(({ key, path }) => writableProblem(['service', service.name, key], path, secrets)),
  ];
}

function writableProblem(at: Problem['path'], path: string, secrets: readonly string[]): Problem[] {
  const secret = secrets.find((one) => isWithin(one, path));
  if (secret === undefined) return [];
  return [{ path: at, message: `tenants may not write in ${path}: ${secret} lies in it, which is hidden from them` }];
}

function hiddenMessage(path: string, { isolation }: ServiceConfig, { dataDir }: Config['settings']): string {
  const what = path === dataDir ? 'is data_dir' : 'lies in data_dir, or where sockets of all tenants lie';
  return (
    `${path} ${what}: that is hidden from tenants at isolation = "${isolation}"; ` +
    'keep the application, data_dir and the sockets in directories of their own'
  );
}

function shownPaths(service: ServiceConfig, dataDir: string, runtimeDir: string) {
  const { workdir, command, readOnlyPaths, readWritePaths, sockets, name } = service;
  const tenantDir = `${dataDir}/${SAMPLE_ID}`;
  const values = {
    id: SAMPLE_ID,
    service: name,
    name,
    data_dir: dataDir,
    tenant_dir: tenantDir,
    runtime_dir: runtimeDir,
  };
  const [program = ''] = command;
  const all = [
    { key: 'workdir', template: workdir },
    { key: 'command', template: program },
    ...(readOnlyPaths ?? []).map((template) => ({ key: 'read_only_paths', template })),
    ...readWritePaths.map((template) => ({ key: 'read_write_paths', template })),
    ...sockets.map((template) => ({ key: 'sockets', template })),
  ];
  return all.flatMap(({ key, template }) => {
    try {
      const path = fillTemplate(template, values);
      return isAbsolute(path) ? [{ key, path }] : [];
    } catch {
      // Reported elsewhere.
      return [];
    }
  });
}

function ownDirs(service: ServiceConfig, settings: Config['settings']): string[] {
  const tenantDir = `${settings.dataDir}/${SAMPLE_ID}`;
  try {
    const socket = publicSocketPath(service, SAMPLE_ID, settings);
    return [tenantDir, dirname(bindSocketPath(socket, service.name, SAMPLE_ID, 0))];
  } catch {
    return [tenantDir];
  }
}
