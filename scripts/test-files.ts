/** Which test files may share what they have loaded. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a test does with the host, whose state all files of a process share. */
const USES_HOST = new RegExp(
  [
    /\b(?:setImmediate|performance|hostNow|globalThis|Symbol\.for|Worker|spawn|cpu)\b/,
    /\bvi\.(?:mock|stubGlobal|useFakeTimers)\b|\bspyOn\((?:global|process|console)/,
    /\bprocess\.(?:on|once|emit|stderr|stdout|env)\b|\bgetActiveResourcesInfo\b|\bgc\(/,
    /\b(?:defaultRuntime|runActivity|startActivity)\(/,
    /\b(?:listenerCount|heapUsed|memoryUsage)\b/,
  ]
    .map(({ source }) => source)
    .join('|'),
);

const ROOMS = ['unit', 'behaviour', 'conformance', 'faults', 'properties'];

/**
 * The test files that use no host: they run in virtual time, on engines of their own. To load the
 * source anew for each of them would take longer than their tests.
 */
export function hostless(): string[] {
  const files = ROOMS.flatMap((room) =>
    readdirSync(join('test', room), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => join('test', room, file)),
  );
  return files.filter((file) => !USES_HOST.test(readFileSync(file, 'utf8')));
}
