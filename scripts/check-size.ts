// Prints the size of the main entry and fails when it is over its budget.
import { entrySize, sizeBudget, sizeTarget } from './size.js';

const { minified, gzipped } = await entrySize();
const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;

console.log(`systole with all dependencies: ${kB(gzipped)} gzipped (${kB(minified)} minified)`);
console.log(`budget ${kB(sizeBudget)}: ${gzipped > sizeBudget ? 'exceeded' : 'kept'}`);
console.log(`target ${kB(sizeTarget)}: ${gzipped > sizeTarget ? 'missed' : 'reached'}`);
if (gzipped > sizeBudget) process.exitCode = 1;
