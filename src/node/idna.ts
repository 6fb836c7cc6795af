/** Internationalised domain names by Node's own tables. */
import { domainToASCII, domainToUnicode } from 'node:url';
import type { Idna } from '../core/domains/domain-name.ts';

export const idna: Idna = { toAscii: domainToASCII, toUnicode: domainToUnicode };
