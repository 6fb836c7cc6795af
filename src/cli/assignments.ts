/** Options of the form `--env NAME=VALUE`, which may be repeated. */
import { InvalidArgumentError } from 'commander';
import { describeMismatch } from '../core/input/given.ts';
import { VARIABLE_NAME, VARIABLE_NAME_EXPECTED } from '../core/input/variable.ts';
import { isLabelValue, LABEL_KEY, LABEL_KEY_EXPECTED, LABEL_VALUE_EXPECTED } from '../core/tenants/labels.ts';
import { TenementError } from '../errors.ts';

type Assignments = Record<string, string>;

/** @throws {TenementError} `usage` @throws {InvalidArgumentError} */
export function collectVariable(text: string, earlier: Assignments = {}): Assignments {
  const [name, value] = parted(text, 'NAME=VALUE');
  assertVariableName('--env', name);
  return { ...earlier, [name]: value };
}

/** @throws {TenementError} `usage` */
export function collectVariableName(name: string, earlier: readonly string[] = []): readonly string[] {
  assertVariableName('--unset', name);
  return [...earlier, name];
}

/** @throws {TenementError} `usage` @throws {InvalidArgumentError} */
export function collectLabel(text: string, earlier: Assignments = {}): Assignments {
  const [key, value] = parted(text, 'KEY=VALUE');
  assertLabelKey('--label', key);
  if (!isLabelValue(value)) throw wrong('--label', LABEL_VALUE_EXPECTED, value);
  return { ...earlier, [key]: value };
}

/** @throws {TenementError} `usage` */
export function collectLabelKey(key: string, earlier: readonly string[] = []): readonly string[] {
  assertLabelKey('--unlabel', key);
  return [...earlier, key];
}

/** Joins new values with names to remove; undefined: neither was given. */
export function changesOf(
  values: Assignments | undefined,
  removed: readonly string[] | undefined,
): Record<string, string | null> | undefined {
  if (values === undefined && removed === undefined) return undefined;
  return { ...Object.fromEntries((removed ?? []).map((name) => [name, null])), ...values };
}

function parted(text: string, form: string): [name: string, value: string] {
  const equals = text.indexOf('=');
  if (equals === -1) throw new InvalidArgumentError(`Write ${form}.`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function assertVariableName(option: string, name: string): void {
  if (!VARIABLE_NAME.test(name)) throw wrong(option, VARIABLE_NAME_EXPECTED, name);
}

function assertLabelKey(option: string, key: string): void {
  if (!LABEL_KEY.test(key)) throw wrong(option, LABEL_KEY_EXPECTED, key);
}

function wrong(option: string, expected: string, given: string): TenementError {
  return new TenementError('usage', `${option}: ${describeMismatch(expected, given)}`);
}
