/** A configuration with which nginx passes requests straight to the tenants' sockets. Pure. */
import { formatAddress } from '../core/routing/address.ts';
import type { Config, ServiceConfig } from '../core/service/service.ts';
import { TenementError } from '../errors.ts';
import { hiddenFields, ignoredFields, withoutClaims } from './nginx-headers.ts';
import { frontAliases, frontRules, socketFor } from './rules.ts';

export interface NginxOptions {
  /** As in nginx's `listen`. */
  readonly listen: string;
  /** Only what stands inside `http { }`, for a file in conf.d. */
  readonly include: boolean;
  /** Whom its workers run as; null: whatever nginx was built with. */
  readonly user: string | null;
}

/** A WebSocket may be silent for so long. */
const STREAM_TIMEOUT = '1h';

/** @throws {TenementError} `bad_config` when a path cannot be written in nginx's language */
export function nginxConfig(config: Config, { listen, include, user }: NginxOptions): string {
  const inside = httpContext(config, listen);
  const head = `# Made by: tenement front nginx. Make it anew when services, domains or aliases change.\n${closedDoors(config, user)}`;
  if (include) return `${head}${inside}`;
  return `${head}${user === null ? '' : `user ${user};\n`}events {
    worker_connections 4096;
}

http {
${indent(inside)}}
`;
}

/** Sockets that the workers may not connect to. */
function closedDoors({ services }: Config, user: string | null): string {
  const closed = [...services.values()].filter(
    ({ listen, socketMode, socketGroup }) => listen === 'socket' && socketGroup === null && (socketMode & 0o002) === 0,
  );
  if (closed.length === 0) return '';
  const names = closed.map(({ name }) => name).join(', ');
  return `# Only their owner may connect to the sockets of: ${names}. Set socket_group = "${user ?? 'nginx'}" for each.\n`;
}

function httpContext(config: Config, listen: string): string {
  return `# Host to tenant id, and to the socket that this tenant's process, or tenement while it sleeps, listens at.
map $host $tenement_id {
    default "";
${mapLines(config, (_service, id) => id)}}

map $host $tenement_upstream {
    default "";
${mapLines(config, (service, id) => upstreamFor(service, id, config))}}

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
${indent(withoutClaims())}
    # What a tenant may not have nginx do.
${indent(ignoredFields() + hiddenFields())}
    proxy_connect_timeout 5s;
    proxy_send_timeout ${seconds(config.proxy.limits.bodyIdleTimeoutMs)};

    if ($tenement_target = "") {
        return 400;
    }

    location / {
        if ($tenement_id = "") {
            return 404;
        }
        error_page 418 = @upgrade;
        error_page 502 = @tenement;
        if ($http_upgrade) {
            return 418;
        }
        # startup_timeout, since a request may be held for a wake, and request_timeout after that.
        proxy_read_timeout ${seconds(readTimeoutMs(config))};
${indent(indent(hiddenFields('upgrade')))}        proxy_pass http://$tenement_upstream;
    }

    location @upgrade {
        error_page 502 = @tenement;
        proxy_read_timeout ${STREAM_TIMEOUT};
        proxy_send_timeout ${STREAM_TIMEOUT};
        proxy_pass http://$tenement_upstream;
    }

    # No such socket: tenement's own proxy knows why, and answers 404 for a tenant that there is not. What was passed
    # on to a tenant already is not sent a second time.
    location @tenement {
        if ($upstream_connect_time != "-") {
            return 502;
        }
        proxy_read_timeout ${STREAM_TIMEOUT};
        proxy_pass http://${formatAddress(config.proxy.listen)};
    }
}
`;
}

function mapLines(config: Config, value: (service: ServiceConfig, id: string) => string): string {
  const lines = frontAliases(config).map(
    ({ service, label, rest, tenantId }) => `    "~^${label}${rest}$" ${quoted(value(service, tenantId))};\n`,
  );
  for (const { service, pattern } of frontRules(config)) {
    const named = pattern.replace('(', '(?<tenement_label>');
    lines.push(`    "~^${named}$" ${quoted(value(service, VARIABLE), VARIABLE)};\n`);
  }
  return lines.join('');
}

const VARIABLE = '$tenement_label';

function upstreamFor(service: ServiceConfig, id: string, config: Config): string {
  const socket = socketFor(service, id, config);
  return socket === null ? formatAddress(config.proxy.listen) : `unix:${socket}:`;
}

/** nginx has no way to write a dollar sign; `variable` is the one that is meant. */
function quoted(text: string, variable = ''): string {
  const rest = variable === '' ? text : text.replaceAll(variable, '');
  if (/[$"\\\n:]/.test(rest.replace(/^unix:/, '').replace(/:(\d+)?$/, ''))) {
    throw new TenementError('bad_config', `nginx cannot be told the path ${text}: it holds one of $ " \\ :`);
  }
  return `"${variable === '' ? text : text.replaceAll(variable, `\${${variable.slice(1)}}`)}"`;
}

/** 0 stands for none, which nginx does not know. */
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
