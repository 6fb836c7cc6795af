/** A share of a whole, as a number and as a bar. */

export interface GaugeProps {
  label: string;
  /** From 0 to 1; null: unknown. */
  share: number | null;
  value: string;
  /** From which share it is worth a look, and from which it is urgent. */
  warnAt?: number;
  badAt?: number;
}

export function Gauge({ label, share, value, warnAt = 0.8, badAt = 0.92 }: GaugeProps) {
  const width = `${Math.round(Math.min(1, Math.max(0, share ?? 0)) * 100)}%`;
  return (
    <div class={`gauge ${toneOf(share, warnAt, badAt)}`}>
      <span class="gauge-label">{label}</span>
      <span class="gauge-value">{value}</span>
      <span class="bar" aria-hidden="true">
        <span style={{ width }} />
      </span>
    </div>
  );
}

function toneOf(share: number | null, warnAt: number, badAt: number): string {
  if (share === null || share < warnAt) return '';
  return share < badAt ? 'warn' : 'bad';
}
