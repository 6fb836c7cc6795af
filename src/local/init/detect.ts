/** Finds out what runs an application, the surest signs first. Pure. */
import type { Application, Detector, ProjectFiles } from './application.ts';
import { npmPackage, plainNode } from './node.ts';
import { dockerfile, goModule, php, procfile, rack } from './others.ts';
import { django, framework, plainPython } from './python.ts';

/** A package.json may be that of an application's assets, so frameworks of other languages come first. */
const DETECTORS: readonly Detector[] = [
  procfile,
  django,
  framework,
  rack,
  npmPackage,
  goModule,
  plainPython,
  plainNode,
  php,
  dockerfile,
];

export function detect(files: ProjectFiles): Application | null {
  for (const detector of DETECTORS) {
    const found = detector(files);
    if (found !== null) return found;
  }
  return null;
}
