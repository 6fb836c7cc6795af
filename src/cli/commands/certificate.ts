/** `tenement cert`: certificates by ACME. */
import type { Command } from 'commander';
import type { CertificateView } from '../../core/acme/certificate-view.ts';
import { fromNow } from '../output/certificate-text.ts';
import { UNKNOWN } from '../output/format.ts';
import { type CliIo, print, printJson, printTable, takesWide } from '../output/io.ts';
import { stateColor } from '../output/state-color.ts';
import type { Column } from '../output/table.ts';
import { terminalText } from '../output/terminal-text.ts';
import { type GlobalOptions, withClient } from '../target.ts';

type CertificateOptions = GlobalOptions & { readonly wide?: boolean; readonly json?: boolean };

const COLUMNS: readonly Column[] = [
  { heading: 'NAME' },
  { heading: 'TENANT', rank: 1 },
  { heading: 'STATE', format: stateColor },
  { heading: 'EXPIRES', rank: 3 },
  { heading: 'NEXT', rank: 2 },
];
const NONE = 'No certificates by ACME. With [tls.acme], a domain gets one when it is added; see docs/certificates.md.';

export function certificateCommand(program: Command, io: CliIo): void {
  const certificate = program.command('cert').description('list and renew certificates by ACME');
  takesWide(certificate.command('ls').description('list the certificates, and why there is none'))
    .option('--json', 'print a JSON array')
    .action((_options, command: Command) => list(command.optsWithGlobals<CertificateOptions>(), io));
  certificate
    .command('renew')
    .description('order a certificate now, and wait for it')
    .argument('<name>', 'its name, for example shop.example.com or "*.example.com"')
    .option('--json', 'print the certificate as JSON')
    .action((name: string, _options, command: Command) =>
      renew(name, command.optsWithGlobals<CertificateOptions>(), io),
    );
}

async function list(options: CertificateOptions, io: CliIo): Promise<void> {
  const certificates = await withClient(options, io, (client) => client.certificates.list());
  if (options.json === true) return printJson(io, certificates);
  if (certificates.length === 0) return print(io, NONE);
  const nowMs = Date.now();
  await printTable(
    io,
    options,
    COLUMNS,
    certificates.map((one) => row(one, nowMs)),
  );
  for (const { name, lastError } of certificates)
    if (lastError !== null) await print(io, `${name}: ${terminalText(lastError)}`);
}

function row(certificate: CertificateView, nowMs: number): string[] {
  const { name, tenant, state, expiresAt } = certificate;
  return [
    name,
    tenant ?? UNKNOWN,
    state,
    expiresAt === null ? UNKNOWN : fromNow(expiresAt, nowMs),
    nextStep(certificate, nowMs),
  ];
}

/** Says what happens next by itself. */
function nextStep({ renewAt, nextTryAt, state }: CertificateView, nowMs: number): string {
  if (state === 'ordering') return 'an order is under way';
  if (nextTryAt !== null) return `next try ${fromNow(nextTryAt, nowMs)}`;
  if (renewAt !== null) return `renewal is looked at ${fromNow(renewAt, nowMs)}`;
  return state === 'waiting' ? 'waits for its turn' : 'not renewed: the name is not in use';
}

async function renew(name: string, options: CertificateOptions, io: CliIo): Promise<void> {
  const certificate = await withClient(options, io, (client) => client.certificates.renew(name.toLowerCase()));
  if (options.json === true) return printJson(io, certificate);
  const { expiresAt } = certificate;
  await print(io, `${certificate.name} has a new certificate until ${expiresAt?.slice(0, 10) ?? UNKNOWN}`);
}
