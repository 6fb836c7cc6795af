import { OTHER_LEVELS, ownSocketCases } from '../own-socket-cases.ts';

ownSocketCases(OTHER_LEVELS);
