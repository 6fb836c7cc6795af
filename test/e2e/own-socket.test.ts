import { ownSocketCases, PROCESS } from './own-socket-cases.ts';

ownSocketCases([PROCESS]);
