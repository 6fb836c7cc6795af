/** What an application needs of the machine before it can be installed. */
import { spawnSync } from 'node:child_process';

export interface Need {
  /** A line for sh(1) that succeeds if the machine meets the need. */
  readonly test: string;
  /** What to do if the machine does not. */
  readonly remedy: string;
}

/** Debian's own Python: tenants' users cannot run one in a home directory. */
export const PYTHON: Need = {
  test: '/usr/bin/python3 -c "import venv, ensurepip"',
  remedy: 'apt-get install python3-venv',
};

/** Older versions do not fetch the Go that a module requires. */
export const GO: Need = { test: "go version | grep -Eq 'go1\\.(2[1-9]|[3-9][0-9])'", remedy: 'Go 1.21 or later' };

export const NODE: Need = { test: 'command -v npm', remedy: 'Node and npm' };

export const JAVA: Need = {
  test: 'command -v mvn && command -v jar',
  remedy: 'apt-get install maven default-jdk-headless',
};

/** A need for a program of a Debian package, on PATH or by its path. */
export function program(name: string, debianPackage: string): Need {
  return { test: `command -v ${name}`, remedy: `apt-get install ${debianPackage}` };
}

/** A need for a Debian package without a program to look for. */
export function debianPackage(name: string): Need {
  return { test: `dpkg-query --status ${name}`, remedy: `apt-get install ${name}` };
}

export function missing(needs: readonly Need[]): readonly Need[] {
  return needs.filter(({ test }) => spawnSync('/bin/sh', ['-c', test], { stdio: 'ignore' }).status !== 0);
}
