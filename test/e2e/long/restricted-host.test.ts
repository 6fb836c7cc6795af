import { OTHER_CASES, restrictedHostCases } from '../../cli/restricted-hosts.ts';

restrictedHostCases(OTHER_CASES);
