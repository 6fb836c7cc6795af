/** Finds the certificate for a name: an exact one before a wildcard, and both before one without names. Pure. */
import { type Certificate, ISSUED_RANK, wildcardFor } from './certificate.ts';

/** Stands for the names of a certificate that has none. */
const ANY = '';

export class CertificateIndex {
  /** Each certificate has one place: a file of the operator's, or the name that it was issued for. */
  private readonly bySlot = new Map<string, Certificate>();
  /** Name → slots, the preferred one first. */
  private readonly byName = new Map<string, string[]>();

  get size(): number {
    return this.bySlot.size;
  }

  entries(): IterableIterator<[slot: string, certificate: Certificate]> {
    return this.bySlot.entries();
  }

  at(slot: string): Certificate | null {
    return this.bySlot.get(slot) ?? null;
  }

  /** @param name as `serverNameOf` returns it */
  find(name: string): Certificate | null {
    return this.named(name) ?? this.named(wildcardFor(name)) ?? this.named(ANY);
  }

  /** Returns the certificate for a client that names no server: the first of the operator's own. */
  get fallback(): Certificate | null {
    let first: Certificate | null = null;
    for (const one of this.bySlot.values()) if (one.rank < (first?.rank ?? ISSUED_RANK)) first = one;
    return first;
  }

  /** @param certificate null: there is none at this slot any more */
  set(slot: string, certificate: Certificate | null): void {
    const former = this.bySlot.get(slot);
    if (former !== undefined) for (const name of keysOf(former)) this.remove(name, slot);
    this.bySlot.delete(slot);
    if (certificate === null) return;
    this.bySlot.set(slot, certificate);
    for (const name of keysOf(certificate)) this.add(name, slot);
  }

  private named(name: string | null): Certificate | null {
    const [slot] = name === null ? [] : (this.byName.get(name) ?? []);
    return slot === undefined ? null : this.at(slot);
  }

  private add(name: string, slot: string): void {
    const slots = [...(this.byName.get(name) ?? []), slot];
    this.byName.set(
      name,
      slots.sort((one, other) => this.preference(one, other)),
    );
  }

  private remove(name: string, slot: string): void {
    const left = (this.byName.get(name) ?? []).filter((other) => other !== slot);
    if (left.length === 0) this.byName.delete(name);
    else this.byName.set(name, left);
  }

  private preference(one: string, other: string): number {
    const [a, b] = [this.at(one), this.at(other)];
    return a === null || b === null ? 0 : a.rank - b.rank || b.notAfterMs - a.notAfterMs;
  }
}

function keysOf({ names }: Certificate): readonly string[] {
  return names.length === 0 ? [ANY] : names;
}
