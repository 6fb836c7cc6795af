/** Debian's test authority for certificates, in a machine, with a DNS that leads every name to it. */
import type { Machine } from './machine.ts';

const CONFIG = {
  pebble: {
    listenAddress: '127.0.0.1:14000',
    managementListenAddress: '127.0.0.1:15000',
    certificate: '/etc/pebble/server.pem',
    privateKey: '/etc/pebble/server.key',
    httpPort: 80,
    tlsPort: 443,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
  },
};

/** Lines of `[tls.acme]` that a config needs to use it. */
export const OF_AUTHORITY = 'directory = "https://127.0.0.1:14000/dir"\nca_file = "/etc/pebble/server.pem"\n';

const KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout server.key';
const NAMES = "-subj '/CN=test authority' -addext subjectAltName=IP:127.0.0.1";

const SERVICES = {
  dns: "/usr/bin/pebble-challtestsrv -dns01 127.0.0.1:53 -management 127.0.0.1:8055 -http01 '' -https01 '' -tlsalpn01 '' -defaultIPv6 ''",
  pebble: '/usr/bin/pebble -config /etc/pebble/config.json -dnsserver 127.0.0.1:53',
};

/** Also over reboots, after which it has another root. The machine trusts the root that there is now. */
export async function startAuthority(machine: Machine): Promise<void> {
  machine.write('/etc/pebble/config.json', JSON.stringify(CONFIG));
  machine.write('/etc/resolv.conf', 'nameserver 127.0.0.1\n');
  for (const [name, command] of Object.entries(SERVICES))
    machine.write(`/etc/systemd/system/${name}.service`, unit(command));
  await machine.run(`cd /etc/pebble && openssl req -x509 ${KEY} ${NAMES} -days 30 -out server.pem`);
  await machine.run('systemctl daemon-reload && systemctl enable --now dns pebble');
  const root = '/usr/local/share/ca-certificates/authority.crt';
  const fetch =
    'curl --silent --insecure --retry 60 --retry-connrefused --retry-delay 1 https://127.0.0.1:15000/roots/0';
  await machine.run(`${fetch} --output ${root} && update-ca-certificates`);
}

function unit(command: string): string {
  return `[Service]
ExecStart=${command}
Environment=PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0

[Install]
WantedBy=multi-user.target
`;
}
