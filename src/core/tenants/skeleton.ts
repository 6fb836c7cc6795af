/** What a new tenant directory holds: copies of an operator's files, filled in for the tenant. Pure. */
import { basename, matchesGlob } from 'node:path';
import { TenementError } from '../../errors.ts';
import { fillTemplate, type TemplateValues } from '../service/template.ts';

/** `[tenants] template`, `render` and `replace`. */
export interface SkeletonConfig {
  /** Absolute path of the directory whose contents are copied. */
  readonly dir: string;
  /** Patterns of names, or of paths below `dir`, whose files have template variables filled in. */
  readonly render: readonly string[];
  /** Words, and the templates that replace them in contents and names. */
  readonly replace: readonly (readonly [word: string, template: string])[];
}

/** A skeleton for one tenant. */
export interface Skeleton {
  readonly dir: string;
  /** Returns the name that a file or directory gets. @throws {TenementError} `provisioning_failed` */
  name(name: string): string;
  /** Whether a file of this path below `dir` must be read as a whole, because its contents may change. */
  changes(path: string): boolean;
  /** Returns the contents of the file. */
  contents(path: string, text: string): string;
}

/** @throws {TenementError} `bad_config` when a replacement has a variable without a value */
export function skeletonFor({ dir, render, replace }: SkeletonConfig, values: TemplateValues): Skeleton {
  const words = replace.map(([word, template]) => [word, fillTemplate(template, values)] as const);
  const replaced = (text: string) => words.reduce((sum, [word, value]) => sum.replaceAll(word, () => value), text);
  const isRendered = (path: string) =>
    render.some((pattern) => matchesGlob(path, pattern) || matchesGlob(basename(path), pattern));
  return {
    dir,
    name: (name) => {
      const given = replaced(name);
      if (given !== '' && given !== '.' && given !== '..' && !given.includes('/')) return given;
      const message = `replace in [tenants] would name ${JSON.stringify(name)} ${JSON.stringify(given)}`;
      throw new TenementError('provisioning_failed', message);
    },
    changes: (path) => words.length > 0 || isRendered(path),
    contents: (path, text) => replaced(isRendered(path) ? filled(text, values) : text),
  };
}

/** Fills in the variables that have a value. All other braces stay, because files such as JSON have them everywhere. */
function filled(text: string, values: TemplateValues): string {
  return text.replaceAll(/\{([a-z_]+)\}/g, (token, name: string) =>
    Object.hasOwn(values, name) ? (values[name as keyof TemplateValues] ?? token) : token,
  );
}
