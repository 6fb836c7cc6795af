import { describe } from 'vitest';
import { retryCases } from './retry-cases.ts';

describe.each([1])('with %i proxy workers', retryCases);
