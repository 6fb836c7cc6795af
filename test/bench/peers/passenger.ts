/** Passenger in Apache, as Debian 12 packages it for many applications. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IDLE_S, idlePeer } from './idle-peer.ts';
import { type Peer, type RunningPeer, type Site, TENANTS } from './peer.ts';
import { debianRemedies, findProgram, freePorts, launch, run, tenantIds, versionOf } from './programs.ts';

const MODULES = '/usr/lib/apache2/modules';
const RUBY_DIR = '/usr/lib/ruby/vendor_ruby/phusion_passenger';

export const PASSENGER: Peer = {
  name: 'Passenger',
  app: 'flask',
  front: 'Apache with mod_passenger',
  installation: () => ({
    version: `${versionOf('passenger', '--version')} in Apache ${versionOf('/usr/sbin/apache2', '-v')}`,
    missing: debianRemedies(['apache2-bin', 'libapache2-mod-passenger', 'python3-flask']),
  }),
  start,
};

async function start(site: Site): Promise<RunningPeer> {
  const { dir } = site;
  const [port = 0] = await freePorts(1);
  mkdirSync(join(dir, 'run'));
  for (const id of tenantIds(site.tenants)) layOut(site, id);
  // Apache does not serve as root, and Passenger starts an application as the owner of its startup file.
  if (process.getuid?.() === 0)
    spawnSync('chown', ['-R', 'www-data', ...tenantIds(site.tenants).map((id) => join(dir, id))]);
  writeFileSync(join(dir, 'apache.conf'), configOf(site, port));
  launch(dir, [findProgram('apache2') ?? '', '-f', join(dir, 'apache.conf'), '-DFOREGROUND']);
  const restartApp = ['passenger-config', 'restart-app', join(dir, 't0/app')];
  const restart = () => run(dir, restartApp, { PASSENGER_INSTANCE_REGISTRY_DIR: join(dir, 'run') });
  return idlePeer({ dir, port, restart });
}

function layOut({ dir, apps }: Site, id: string): void {
  const app = join(dir, id, 'app');
  mkdirSync(app, { recursive: true });
  const wsgi = `import sys\nsys.path.insert(0, '${apps.flask}')\nfrom app import app as application\n`;
  writeFileSync(join(app, 'passenger_wsgi.py'), wsgi);
}

function configOf({ dir, tenants }: Site, port: number): string {
  const modules = ['mpm_event', 'authz_core', 'env', 'passenger'];
  return `ServerRoot ${dir}
ServerName localhost
PidFile ${dir}/apache.pid
DefaultRuntimeDir ${dir}/run
ErrorLog ${dir}/error.log
Listen 127.0.0.1:${port}
${modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
User www-data
Group www-data
KeepAlive on
MaxKeepAliveRequests 0
PassengerRoot ${RUBY_DIR}/locations.ini
PassengerInstanceRegistryDir ${dir}/run
PassengerDisableSecurityUpdateCheck on
PassengerDisableAnonymousTelemetry on
PassengerMaxPoolSize ${TENANTS}
PassengerMaxInstancesPerApp 1
PassengerPoolIdleTime ${IDLE_S}
${tenantIds(tenants)
  .map((id) => virtualHost(dir, id))
  .join('\n')}
`;
}

function virtualHost(dir: string, id: string): string {
  return `<VirtualHost *>
ServerName ${id}.localhost
DocumentRoot ${dir}/${id}/app
PassengerAppRoot ${dir}/${id}/app
PassengerAppType wsgi
PassengerStartupFile passenger_wsgi.py
PassengerPython /usr/bin/python3
PassengerMinInstances 0
SetEnv TENANT_ID ${id}
SetEnv DATABASE_PATH ${dir}/${id}/app.db
<Directory ${dir}/${id}>
Require all granted
</Directory>
</VirtualHost>`;
}
