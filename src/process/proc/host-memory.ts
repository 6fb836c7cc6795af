/** Memory of the machine, from proc_meminfo(5) and Documentation/accounting/psi.rst. */
import { readFileSync } from 'node:fs';
import type { HostMemory } from '../../core/admission/pressure.ts';

const KIB = 1024;

/** Returns null without /proc. */
export function readHostMemory(): HostMemory | null {
  return parseHostMemory(readText('/proc/meminfo'), readText('/proc/pressure/memory'));
}

export function parseHostMemory(meminfo: string, pressure: string): HostMemory | null {
  const [, available] = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo) ?? [];
  if (available === undefined) return null;
  const [, stalled] = /^some avg10=([\d.]+)/m.exec(pressure) ?? [];
  return { availableBytes: Number(available) * KIB, stalledPercent: stalled === undefined ? null : Number(stalled) };
}

export interface MemoryFigures {
  readonly totalBytes: number;
  readonly availableBytes: number;
  readonly swapTotalBytes: number;
  readonly swapFreeBytes: number;
}

/** Returns what /proc/meminfo has of these. */
export function readMemoryFigures(): Partial<MemoryFigures> {
  return parseMemoryFigures(readText('/proc/meminfo'));
}

export function parseMemoryFigures(meminfo: string): Partial<MemoryFigures> {
  const found = Object.entries(FIELDS).flatMap(([figure, field]) => {
    const [, kib] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(meminfo) ?? [];
    return kib === undefined ? [] : [[figure, Number(kib) * KIB] as const];
  });
  return Object.fromEntries(found);
}

const FIELDS: Readonly<Record<keyof MemoryFigures, string>> = {
  totalBytes: 'MemTotal',
  availableBytes: 'MemAvailable',
  swapTotalBytes: 'SwapTotal',
  swapFreeBytes: 'SwapFree',
};

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
