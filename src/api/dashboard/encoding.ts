/** Which compressed form of a file a client gets. Pure. */
import { ENCODINGS, type Encoding } from './built-files.ts';

/** Returns the smallest form that an Accept-Encoding header allows (RFC 9110 §12.5.3); without one, the plain form. */
export function encodingFor(header: string | undefined): Encoding {
  const weights = weightsOf(header ?? '');
  return ENCODINGS.find((encoding) => (weights.get(encoding) ?? weights.get('*') ?? 0) > 0) ?? 'identity';
}

function weightsOf(header: string): Map<string, number> {
  const parts = header.toLowerCase().split(',');
  return new Map(
    parts.map((part) => {
      const [coding = '', ...parameters] = part.split(';').map((word) => word.trim());
      const weight = parameters.find((parameter) => parameter.startsWith('q='));
      return [coding === 'x-gzip' ? 'gzip' : coding, weight === undefined ? 1 : Number(weight.slice(2)) || 0] as const;
    }),
  );
}
