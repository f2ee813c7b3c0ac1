/** Finds out whether a module could not be loaded because it is TypeScript. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';

/** @param said the message of Node's error */
export function typeScriptHint(said: string): string {
  const file = typeScriptIn(said);
  if (file === undefined) return '';
  return `. ${basename(file)} needs a TypeScript loader: start the program with node --import tsx, or a test runner with NODE_OPTIONS='--import tsx'`;
}

function typeScriptIn(said: string): string | undefined {
  const unknown = /Unknown file extension "\.[cm]?tsx?" for (\S+)/.exec(said)?.[1];
  if (unknown !== undefined) return unknown;
  const [, name, kind] = /Cannot find module '(.+?)\.([cm]?)js'/.exec(said) ?? [];
  const source = `${name}.${kind}ts`;
  return name !== undefined && existsSync(source) ? source : undefined;
}
