import { describe } from 'vitest';
import { signalCases } from '../signal-cases.ts';

describe.each([2])('with %i workers', signalCases);
