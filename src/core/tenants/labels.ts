/** Labels of a tenant: what an operator notes about it. Pure. */

/** Like the keys and values of labels elsewhere (Kubernetes, Docker): short, and of printable characters. */
export const LABEL_KEY = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,62}[A-Za-z0-9])?$/;
export const LABEL_KEY_EXPECTED = 'expected a label of 1 to 64 of A-Z, a-z, 0-9, ".", "_", "/" and "-"';
const MAX_VALUE_LENGTH = 255;
export const LABEL_VALUE_EXPECTED = `expected at most ${MAX_VALUE_LENGTH} characters without control characters`;
const CONTROL = /\p{Cc}/u;
export const MAX_LABELS = 64;

export function isLabelValue(text: string): boolean {
  return text.length <= MAX_VALUE_LENGTH && !CONTROL.test(text);
}

/** Whether a tenant has all these labels with these values. */
export function hasLabels(labels: Readonly<Record<string, string>>, asked: Readonly<Record<string, string>>): boolean {
  return Object.entries(asked).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
}
