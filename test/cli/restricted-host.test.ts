import { MAIN_CASES, restrictedHostCases } from './restricted-hosts.ts';

restrictedHostCases(MAIN_CASES);
