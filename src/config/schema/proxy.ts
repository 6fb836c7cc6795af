/** The table `[proxy]`. */
import { z } from 'zod';
import { address, count, domain, duration, text } from './values.ts';

export const proxySchema = z.strictObject({
  listen: address().default('127.0.0.1:8080').describe('Address on which the proxy listens.'),
  domain: z
    .union([domain(), z.array(domain()).min(1)], 'expected a domain or a list of domains')
    .default('localhost')
    .describe('A domain or a list of domains; `*` routes by the leading label of any host.'),
  default_service: text()
    .optional()
    .describe('The service for `{tenant}.{domain}`; optional if there is only one service.'),
  trusted_proxies: z
    .array(text())
    .default([])
    .describe(
      'Addresses or CIDR ranges of front servers whose X-Forwarded-*, X-Request-Id and other fields about the client are trusted; see docs/front-servers.md.',
    ),
  socket_group: text()
    .optional()
    .describe(
      'Group of a front server on this machine, such as `"www-data"`, by name or number. It may connect to a socket of the proxy in `runtime_dir`, and what it says of its clients is trusted. `tenement front` uses that socket for domains of tenants. Default: no such socket; see docs/front-servers.md.',
    ),
  workers: z
    .union([count(1).max(64), z.literal('auto')], 'expected a number of processes or "auto"')
    .default(1)
    .describe(
      'Number of proxy processes that share the port. 1: the server itself is the proxy. `"auto"`: one for each core.',
    ),
  max_connections: count(0)
    .default(0)
    .describe(
      'Maximum number of client connections of each proxy process. Beyond it, the connection that has been idle longest is closed, or, if none is idle, a new one gets 503. 0: as many as the limit of open files allows.',
    ),
  max_connections_per_client: count(0)
    .default(0)
    .describe(
      'Maximum number of them from one IPv4 address or IPv6 /64; `trusted_proxies` are exempt. 0: a quarter of `max_connections`; if that is below 1024, up to 256 but no more than three quarters.',
    ),
  max_header_kb: count(1)
    .max(1024)
    .default(16)
    .describe('Maximum size of request line and headers together, in KiB; larger requests get 431.'),
  header_timeout: duration()
    .default(30)
    .describe('Time until the headers of a request have arrived; slower requests get 408.'),
  keep_alive_timeout: duration()
    .default(65)
    .describe(
      'Time that a connection stays open between two requests. Set it longer than that of a front server (nginx: 60).',
    ),
  body_idle_timeout: duration()
    .default(60)
    .describe(
      'Time after which a client is cut off that sends nothing of its upload or takes nothing of its download; 0: never.',
    ),
});
