// Prints the size of the main entry and fails when it is over its budget.
import { entrySize, sizeBudget } from './size.js';

const { minified, gzipped } = await entrySize();
const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;

console.log(`systole with all dependencies: ${kB(gzipped)} gzipped (${kB(minified)} minified)`);
console.log(`budget ${kB(sizeBudget)}: ${gzipped > sizeBudget ? 'exceeded' : 'kept'}`);
if (gzipped > sizeBudget) process.exitCode = 1;
