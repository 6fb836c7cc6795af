/** Sockets of others, the API, the network. */
import { askSocket } from '../../e2e/clients.ts';
import { type Attempt, by } from '../attempt.ts';
import { forgeConnections, inTheMomentAfterACrash } from '../choreography/races.ts';
import { type SwapOptions, swap } from '../choreography/swap.ts';
import type { Scene } from '../scene.ts';
import { HOST_NETWORK, OPEN_SOCKET, SAME_USER, USERNS } from './reasons.ts';

const asRoot = { process: SAME_USER };
const onHostNetwork = { process: HOST_NETWORK, 'process + user': HOST_NETWORK, namespace: HOST_NETWORK };

async function hostileAnswersFor(scene: Scene): Promise<boolean> {
  return JSON.parse((await askSocket(scene.publicSocket)).body).tenant === 'hostile';
}

/** Each request has a connection of its own. */
const REQUESTS = 100;

async function hostileGetsRequests({ server }: Scene): Promise<boolean> {
  const asked = Array.from({ length: REQUESTS }, () => server.get('victim.localhost'));
  const answers = await Promise.all(asked);
  return answers.some(({ body }) => JSON.parse(body).tenant === 'hostile');
}

const CONNECTING: readonly Attempt[] = [
  {
    what: 'use the control socket',
    tryIt: by('ask-socket', ({ stateDir }) => ({ path: `${stateDir}/control.sock`, url: '/api/instances' })),
    worksAt: asRoot,
  },
  {
    what: "connect to another tenant's public socket",
    tryIt: by('ask-socket', ({ publicSocket }) => ({ path: publicSocket, url: '/' })),
    worksAt: asRoot,
  },
  {
    what: "connect to another tenant's private socket",
    tryIt: by('ask-socket', ({ privateSocket }) => ({ path: privateSocket, url: '/' })),
    worksAt: asRoot,
  },
  {
    what: 'speak for another tenant through its own socket to tenement',
    tryIt: by('ask-socket', ({ selfSocket }) => ({ path: selfSocket, url: '/tenant' })),
    worksAt: asRoot,
    pointlessAt: { 'sandbox, no network': 'tried in test/e2e/self-api.test.ts' },
  },
  {
    what: "connect to another tenant's port",
    tryIt: async (scene) => {
      const { port } = await scene.server.instance('web:victim');
      return by('ask-port', () => ({ port: port ?? 0, url: '/' }))(scene);
    },
    worksAt: onHostNetwork,
  },
  {
    what: 'use the API on loopback without a token',
    tryIt: by('ask-port', ({ server }) => ({ port: server.apiPort, url: '/api/instances' })),
    worksAt: {},
  },
  {
    what: 'connect to a TCP port of the host',
    tryIt: by('connect-tcp', ({ bystander }) => ({ port: bystander.tcpPort })),
    worksAt: onHostNetwork,
  },
  {
    what: 'be answered by a UDP port of the host',
    tryIt: by('send-udp', ({ bystander }) => ({ port: bystander.udpPort })),
    worksAt: onHostNetwork,
  },
  {
    what: "connect to another program's abstract socket",
    tryIt: by('connect-unix', ({ bystander }) => ({ path: bystander.abstractName })),
    worksAt: onHostNetwork,
  },
  {
    what: "connect to another program's socket in /run",
    tryIt: by('connect-unix', ({ bystander }) => ({ path: bystander.socketPath })),
    worksAt: { ...asRoot, 'process + user': OPEN_SOCKET },
  },
  {
    what: "connect to root's own socket elsewhere",
    tryIt: by('connect-unix', ({ bystander }) => ({ path: bystander.rootsSocketPath })),
    worksAt: asRoot,
  },
  {
    what: "connect to a public socket of another service's, in a directory of its own",
    tryIt: by('ask-socket', ({ socketApart }) => ({ path: socketApart, url: '/' })),
    worksAt: asRoot,
  },
  { what: 'read what others send over loopback', tryIt: by('sniff', () => ({})), worksAt: asRoot },
];

const IMPERSONATING: readonly Attempt[] = [
  {
    what: "sit at another tenant's public path",
    tryIt: by('squat-public', ({ publicSocket }) => ({ path: publicSocket }), { proof: hostileAnswersFor }),
    worksAt: asRoot,
  },
  {
    what: "unlink another tenant's public path",
    tryIt: by('unlink-public', ({ publicSocket }) => ({ path: publicSocket })),
    worksAt: asRoot,
  },
  {
    what: 'listen where another tenant is told to bind',
    tryIt: by('bind-private', ({ bindSocket }) => ({ path: bindSocket })),
    worksAt: asRoot,
  },
  {
    what: "listen at the proxy's port beside it, and get requests of others",
    tryIt: by('share-port', ({ server }) => ({ port: server.proxyPort }), { proof: hostileGetsRequests }),
    worksAt: asRoot,
  },
  { what: "answer at another tenant's port after it crashed", tryIt: inTheMomentAfterACrash, worksAt: onHostNetwork },
  {
    what: "keep another tenant awake by sockets that bear its socket's name",
    tryIt: forgeConnections,
    worksAt: { process: SAME_USER, 'process + user': USERNS },
  },
];

const victims = ({ publicSocket }: Scene) => publicSocket;
const control = ({ stateDir }: Scene) => `${stateDir}/control.sock`;

const swapping = (what: string, options: SwapOptions, worksAt: Attempt['worksAt'] = {}): Attempt => ({
  what,
  tryIt: (scene) => swap(scene, options),
  worksAt,
});

const SWAPPING: readonly Attempt[] = [
  swapping("have a link to another tenant's socket published, laid when the probe comes", {
    when: 'probe',
    target: victims,
  }),
  swapping('have a link to the control socket published, laid when the probe comes', {
    when: 'probe',
    target: control,
  }),
  swapping('have it published by laying the link and the socket by turns', { when: 'turns', target: control }),
  swapping("have probes connect to root's socket, by a link to it in its own socket's place", {
    when: 'sick',
    target: ({ bystander }) => bystander.rootsSocketPath,
    connections: ({ bystander }) => bystander.rootsConnections(),
  }),
  swapping(
    'have a hard link to the control socket published',
    { when: 'hard-link', target: control, service: 'app' },
    asRoot,
  ),
  swapping("lay a link to the control socket where tenement has another name for the tenant's", {
    when: 'ahead',
    target: control,
    service: 'brief',
  }),
  swapping('lay it there where the public socket is in its own directory', {
    when: 'ahead',
    target: control,
    service: 'home',
  }),
];

/** A tenant of the service whose workdir contains everything, and whose command names a socket in /run. */
const WIDE = { host: 'hostile.wide.localhost' };
const openToAll = { ...asRoot, 'process + user': OPEN_SOCKET };

const IN_WIDE: readonly Attempt[] = [
  {
    what: 'use the control socket where data_dir lies in the workdir',
    tryIt: by('ask-socket', (scene) => ({ path: control(scene), url: '/api/instances' }), WIDE),
    worksAt: asRoot,
  },
  {
    what: "connect to a neighbour's public socket in the workdir",
    tryIt: by('ask-socket', ({ socketApart }) => ({ path: socketApart, url: '/' }), WIDE),
    worksAt: asRoot,
  },
  {
    what: 'connect to a socket in /run that its command names',
    tryIt: by('connect-unix', ({ bystander }) => ({ path: bystander.socketPath }), WIDE),
    worksAt: openToAll,
  },
  {
    what: "connect to another program's socket in the workdir, mode 0777",
    tryIt: by('connect-unix', ({ bystander }) => ({ path: bystander.socketInWorkdir }), WIDE),
    worksAt: openToAll,
  },
  {
    what: "connect to another program's socket in a directory of the workdir, mode 0777",
    tryIt: by('connect-unix', ({ bystander }) => ({ path: bystander.socketApartInWorkdir }), WIDE),
    worksAt: openToAll,
  },
];

export const SOCKETS: readonly Attempt[] = [...CONNECTING, ...IMPERSONATING, ...SWAPPING, ...IN_WIDE];
