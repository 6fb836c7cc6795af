/** The settings with which a restart of the server leaves tenants running, and how `tenement install` turns them on. Pure. */
import { parse } from 'smol-toml';
import type { Settings } from '../../core/service/service.ts';
import { KEPT_LINES, TENANTS_CGROUP } from '../../core/service/unit-files.ts';

/** Returns the lines that the settings lack. */
export function missingLines({ onExit, cgroupRoot }: Pick<Settings, 'onExit' | 'cgroupRoot'>): string[] {
  const [keep, root] = KEPT_LINES;
  return [...(onExit === 'keep' ? [] : [keep]), ...(cgroupRoot === TENANTS_CGROUP ? [] : [root])];
}

/** Takes the `# ` off the lines in a config; null when they are not there as comments below `[settings]`. */
export function withLines(toml: string, lines: readonly string[]): string | null {
  let text = toml;
  for (const line of lines) {
    const comment = `\n# ${line}`;
    if (!text.includes(comment)) return null;
    text = text.replace(comment, `\n${line}`);
  }
  return areSettings(text) ? text : null;
}

function areSettings(toml: string): boolean {
  try {
    const { settings } = parse(toml) as { settings?: Readonly<Record<string, unknown>> };
    return settings?.['on_exit'] === 'keep' && settings['cgroup_root'] === TENANTS_CGROUP;
  } catch {
    return false;
  }
}
