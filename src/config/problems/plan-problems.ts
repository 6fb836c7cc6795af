/** Problems with plans: a default that does not exist, and templates in their variables. */
import { firstDomain } from '../../core/routing/web-address.ts';
import type { Config } from '../../core/service/service.ts';
import { TEMPLATE_VARIABLES } from '../../core/service/template.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problems.ts';
import { addressProblem, variableProblem } from './template-problems.ts';

export function planProblems(config: Config): Problem[] {
  return [...unknownDefault(config), ...[...config.plans.keys()].flatMap((name) => variableProblems(name, config))];
}

function unknownDefault({ tenants: { defaultPlan }, plans }: Config): Problem[] {
  if (defaultPlan === null || plans.has(defaultPlan)) return [];
  const near = nearest(defaultPlan, [...plans.keys()]);
  const better = near === null ? `; add [plan.${defaultPlan}]` : `, did you mean "${near}"?`;
  return [{ path: ['tenants', 'default_plan'], message: `there is no plan "${defaultPlan}"${better}` }];
}

/** A plan applies to services with and without a port. */
function variableProblems(name: string, { plans, proxy, services }: Config): Problem[] {
  const withPort = [...services.values()].every(({ listen }) => listen === 'port');
  const allowed = TEMPLATE_VARIABLES.filter((variable) => variable !== 'port' || withPort);
  return Object.entries(plans.get(name)?.env ?? {}).flatMap(([variable, value]) => {
    const path = ['plan', name, 'env', variable];
    const noAddress = firstDomain(proxy) === null ? addressProblem({ path, value }) : [];
    return [...variableProblem(path, value, allowed), ...noAddress];
  });
}
