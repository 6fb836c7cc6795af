/** Domains as text for people. */
import type { DomainView } from '../../../core/verbs/domain-verbs.ts';
import { UNKNOWN } from '../../output/format.ts';
import { stateColor } from '../../output/state-color.ts';
import { type Column, type TableSpace, table } from '../../output/table.ts';
import { terminalText } from '../../output/terminal-text.ts';

/** Returns what a domain does, or what it waits for. */
export function domainLines({ domain, name, service, tenant, state, reason, url, warning, proof }: DomainView): string {
  const shown = name === domain ? name : `${terminalText(name)} (${domain})`;
  const leadsTo = `${service}:${tenant}`;
  const warnings = warning === null ? [] : [`warning: ${terminalText(warning)}`];
  if (state === 'active' || proof === null)
    return [`${shown} ${reason}`, ...(url === null ? [] : [url]), ...warnings].join('\n');
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

const COLUMNS: readonly Column[] = [
  { heading: 'DOMAIN' },
  { heading: 'LEADS TO', rank: 3 },
  { heading: 'STATE', format: stateColor },
  { heading: 'URL', rank: 2 },
  { heading: 'WHY', rank: 1, minWidth: 12 },
];

export function domainTable(domains: readonly DomainView[], space?: TableSpace): string {
  return table(
    COLUMNS,
    domains.map(({ name, service, tenant, state, url, reason }) => [
      terminalText(name),
      `${service}:${tenant}`,
      state,
      state === 'active' ? (url ?? UNKNOWN) : UNKNOWN,
      terminalText(remark(reason, `${service}:${tenant}`)),
    ]),
    space,
  );
}
