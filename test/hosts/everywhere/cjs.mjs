// The package as CommonJS.
import { createRequire } from 'node:module';
import * as other from 'systole';
import { run } from './host.mjs';

const require = createRequire(import.meta.url);
const systole = require('systole');
const context = require('systole/context');
const node = require('systole/node');
const testing = require('systole/testing');

await run({ systole, testing, context, node, other });
