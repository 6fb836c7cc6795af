/** Generates a configuration with which nginx passes requests straight to the tenants' sockets. Pure. */
import type { Config } from '../core/service/service.ts';
import { TenementError } from '../errors.ts';
import { hiddenFields, ignoredFields, withoutClaims } from './nginx-headers.ts';
import { type FrontRule, type FrontTarget, frontRules, proxyAddress, tenantFields } from './rules.ts';

export interface NginxOptions {
  /** Value of nginx's `listen`. */
  readonly listen: string;
  /** Whether to leave out the surrounding `http { }`, for a file in conf.d. */
  readonly include: boolean;
  /** User of nginx's workers; null: nginx's built-in default. */
  readonly user: string | null;
}

/** How long a WebSocket may be silent. */
const STREAM_TIMEOUT = '1h';

/** Returns the configuration. @throws {TenementError} `bad_config` when a path cannot be written in nginx's language */
export function nginxConfig(config: Config, { listen, include, user }: NginxOptions): string {
  const inside = httpContext(config, listen);
  const head = `# Made by: tenement front nginx. Make it anew when services, [proxy] domain or aliases change.\n${unreachableSockets(config, user)}`;
  if (include) return `${head}${inside}`;
  return `${head}${user === null ? '' : `user ${user};\n`}events {
    worker_connections 4096;
}

http {
${indent(inside)}}
`;
}

/** Returns a comment that names services whose sockets nginx's workers may not connect to. */
function unreachableSockets({ services }: Config, user: string | null): string {
  const closed = [...services.values()].filter(
    ({ listen, socketMode, socketGroup }) => listen === 'socket' && socketGroup === null && (socketMode & 0o002) === 0,
  );
  if (closed.length === 0) return '';
  const names = closed.map(({ name }) => name).join(', ');
  return `# Only their owner may connect to the sockets of: ${names}. Set socket_group = "${user ?? 'nginx'}" for each.\n`;
}

function httpContext(config: Config, listen: string): string {
  const rules = frontRules(config);
  return `# A host may name a second instance, of an alias for example, which serves it when the first is not registered. A socket
# exists while its instance is registered: there the tenant's process listens, or tenement while it sleeps. Other hosts,
# of which tenants' own domains are some, are for tenement's proxy, which knows all of them at any moment.
${[0, 1].map((place) => targetMaps(rules, place)).join('')}
# The socket that was found becomes the URI of the request inside nginx.
map "$uri $tenement_socket_2" $tenement_id {
    default $tenement_id_1;
    "~^(\\S+) \\1$" $tenement_id_2;
}

map $http_upgrade $tenement_connection {
    default upgrade;
    "" "";
}

# The Host that was routed by is the one that the tenant gets: a target in absolute form that names another is refused.
map "$http_host $request" $tenement_target {
    default "";
    "~^\\S+ \\S+ /" origin;
    "~*^(\\S+) \\S+ https?://\\1[/?# ]" absolute;
}

server {
    listen ${listen};
    server_name _;

    # An application may take X_Tenant_Id for X-Tenant-Id. These must also hold for the default server of this address.
    underscores_in_headers off;
    ignore_invalid_headers on;

    client_max_body_size 0;
    # Both ways as it comes. nginx sends no more of an upload once the answer to it has begun.
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_http_version 1.1;
    proxy_next_upstream off;
    recursive_error_pages on;

    proxy_set_header Host $http_host;
    proxy_set_header Connection $tenement_connection;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Request-Id $request_id;
    proxy_set_header X-Tenant-Id $tenement_id;

    # What only a proxy may say. nginx knows no pattern here, so these are the names in use.
${indent(withoutClaims(tenantFields(config)))}
    # What a tenant may not have nginx do.
${indent(ignoredFields() + hiddenFields())}
    proxy_connect_timeout 5s;
    proxy_send_timeout ${seconds(config.proxy.limits.bodyIdleTimeoutMs)};

    if ($tenement_target = "") {
        return 400;
    }

    # The sockets, below.
    root /;
    open_file_cache off;

    location / {
        error_page 418 = @upgrade;
        error_page 502 = @tenement;
        if ($http_upgrade) {
            return 418;
        }
        # startup_timeout, since a request may be held for a wake, and request_timeout after that.
        proxy_read_timeout ${seconds(readTimeoutMs(config))};
${indent(indent(hiddenFields('upgrade')))}        try_files $tenement_socket_1 $tenement_socket_2 @tenement;
        proxy_pass http://unix:$uri:;
    }

    location @upgrade {
        error_page 502 = @tenement;
        proxy_read_timeout ${STREAM_TIMEOUT};
        proxy_send_timeout ${STREAM_TIMEOUT};
        try_files $tenement_socket_1 $tenement_socket_2 @tenement;
        proxy_pass http://unix:$uri:;
    }

    # No such socket: tenement's own proxy knows domains and the other instances, and answers 404 for a host of nobody.
    # A request that was passed on to a tenant already is not sent a second time.
    location @tenement {
        if ($upstream_connect_time ~ "[0-9]") {
            return 502;
        }
        proxy_read_timeout ${STREAM_TIMEOUT};
        proxy_send_timeout ${STREAM_TIMEOUT};
        proxy_pass http://${proxyUrl(config)};
    }
}
`;
}

function proxyUrl(config: Config): string {
  const proxy = proxyAddress(config);
  return 'address' in proxy ? proxy.address : `unix:${unquoted(proxy.socket)}`;
}

/** Maps a host to the id and the socket of the first instance that it may name, or of the second. */
function targetMaps(rules: readonly FrontRule[], place: number): string {
  return `
map $host $tenement_id_${place + 1} {
    default "";
${mapLines(rules, (target) => target?.tenantId ?? '', place)}}

map $host $tenement_socket_${place + 1} {
    default "";
${mapLines(rules, (target) => target?.socket ?? '', place)}}
`;
}

function mapLines(rules: readonly FrontRule[], value: (target: FrontTarget | undefined) => string, place = 0): string {
  const lines = rules.map(({ pattern, alias, targets }) => {
    const named = alias === null ? pattern.replace('(', '(?<tenement_label>') : pattern;
    const target = targets(alias ?? VARIABLE)[place];
    return `    "~^${named}$" ${quoted(value(target), alias === null ? VARIABLE : '')};\n`;
  });
  return lines.join('');
}

const VARIABLE = '$tenement_label';

function unquoted(path: string): string {
  if (!/[\s;{}$"'\\:#]/.test(path)) return path;
  throw new TenementError(
    'bad_config',
    `nginx cannot be told the path ${path}: it holds a space or one of $ " ' \\ : ; # { }`,
  );
}

/** Quotes a value. nginx cannot escape a dollar sign, so only `variable` may contain one. */
function quoted(text: string, variable = ''): string {
  const rest = variable === '' ? text : text.replaceAll(variable, '');
  if (/[$"\\\n:]/.test(rest)) {
    throw new TenementError('bad_config', `nginx cannot be told the path ${text}: it holds one of $ " \\ :`);
  }
  return `"${variable === '' ? text : text.replaceAll(variable, `\${${variable.slice(1)}}`)}"`;
}

/** Returns the longest time-out of all services. 0 stands for none, which nginx lacks. */
function readTimeoutMs({ services }: Config): number {
  const all = [...services.values()].map(({ requestTimeoutMs, startupTimeoutMs }) =>
    requestTimeoutMs === 0 ? 0 : requestTimeoutMs + startupTimeoutMs,
  );
  return all.includes(0) ? 0 : Math.max(...all);
}

function seconds(ms: number): string {
  return ms === 0 ? STREAM_TIMEOUT : `${Math.ceil(ms / 1000)}s`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '    ');
}
