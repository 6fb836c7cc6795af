import { describe } from 'vitest';
import { signalCases } from './signal-cases.ts';

describe.each([1])('with %i workers', signalCases);
