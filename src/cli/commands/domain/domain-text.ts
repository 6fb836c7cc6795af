/** Domains as text for people. */
import type { DomainView } from '../../../core/verbs/domain-verbs.ts';
import { certificateLines, certificateState } from '../../output/certificate-text.ts';
import { UNKNOWN } from '../../output/format.ts';
import { stateColor } from '../../output/state-color.ts';
import { type Column, type TableSpace, table } from '../../output/table.ts';
import { terminalText } from '../../output/terminal-text.ts';

/** Returns what a domain does, or what it waits for. */
export function domainLines(view: DomainView): string {
  const { domain, name, service, tenant, state, reason, url, warning, proof, certificate } = view;
  const shown = name === domain ? name : `${terminalText(name)} (${domain})`;
  const leadsTo = `${service}:${tenant}`;
  const warnings = warning === null ? [] : [`warning: ${terminalText(warning)}`];
  if (state === 'active' || proof === null)
    return [
      `${shown} ${reason}`,
      ...(url === null ? [] : [url]),
      ...(certificate === null ? [] : certificateLines(certificate, Date.now())),
      ...warnings,
    ].join('\n');
  return [
    `${shown} will lead to ${leadsTo} when DNS has this record:`,
    '',
    `    ${proof.name}.  ${proof.type}  "${proof.value}"`,
    '',
    `So far: ${terminalText(reason)}. tenement keeps looking; \`tenement domain verify ${domain}\` looks now.`,
    ...warnings,
  ].join('\n');
}

/** Returns what the other columns do not say. */
function remark(reason: string, leadsTo: string): string {
  return reason.replace(`leads to ${leadsTo}`, '').replace(', which ', '').replace(/, $/, '');
}

const CERTIFICATE: Column = { heading: 'CERTIFICATE', rank: 4 };

function columns(isCertified: boolean): readonly Column[] {
  return [
    { heading: 'DOMAIN' },
    { heading: 'LEADS TO', rank: 3 },
    { heading: 'STATE', format: stateColor },
    { heading: 'URL', rank: 2 },
    ...(isCertified ? [CERTIFICATE] : []),
    { heading: 'WHY', rank: 1, minWidth: 12 },
  ];
}

export function domainTable(domains: readonly DomainView[], space: TableSpace): string {
  const nowMs = Date.now();
  const isCertified = domains.some(({ certificate }) => certificate !== null);
  return table(
    columns(isCertified),
    domains.map(({ name, service, tenant, state, url, reason, certificate }) => [
      terminalText(name),
      `${service}:${tenant}`,
      state,
      state === 'active' ? (url ?? UNKNOWN) : UNKNOWN,
      ...(isCertified ? [certificate === null ? UNKNOWN : certificateState(certificate, nowMs)] : []),
      terminalText(remark(reason, `${service}:${tenant}`)),
    ]),
    space,
  );
}
