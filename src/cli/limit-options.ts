/** Options for a tenant's own limits, one for each limit. */
import { type Command, Option } from 'commander';
import { describeMismatch } from '../core/input/given.ts';
import { LIMIT_NAMES, LIMITS, type LimitName, limitProblem } from '../core/limits/limit-table.ts';
import type { LimitsInput } from '../core/limits/limits.ts';
import { TenementError } from '../errors.ts';

const HEADING = "The tenant's own limits, instead of its service's:";
/** A decimal number in the notation of TOML and JSON. */
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** Adds the options to a command. */
export function takesLimits(command: Command): Command {
  for (const name of LIMIT_NAMES) {
    const { argument, help } = LIMITS[name];
    const option = new Option(`${optionOf(name)} ${argument}`, help).argParser((text) => parsed(name, text));
    command.addOption(option.helpGroup(HEADING));
  }
  return command;
}

/** Returns the limits that a command line gives; undefined: none. */
export function limitsOf(options: LimitsInput): LimitsInput | undefined {
  const given = LIMIT_NAMES.filter((name) => options[name] !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given.map((name) => [name, options[name]]));
}

/** Returns, for example, `--memory-limit-mb`, which commander stores under the limit's name, `memoryLimitMb`. */
export function optionOf(name: LimitName): string {
  return `--${LIMITS[name].key.replaceAll('_', '-')}`;
}

/** Checks a value before any request. @throws {TenementError} `usage`, worded like errors of the config */
function parsed(name: LimitName, text: string): number {
  const value = NUMBER.test(text) ? Number(text) : text;
  const problem = limitProblem(name, value);
  if (problem !== null) throw new TenementError('usage', `${optionOf(name)}: ${describeMismatch(problem, value)}`);
  return Number(value);
}
