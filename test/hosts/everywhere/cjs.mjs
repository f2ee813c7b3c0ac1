// The package as CommonJS.
import { createRequire } from 'node:module';
import * as other from 'systole';
import { run } from './host.mjs';

const require = createRequire(import.meta.url);
const systole = require('systole');
const context = require('systole/context');
const node = require('systole/node');
const inspector = require('systole/inspect');
const progress = require('systole/progress');
const testing = require('systole/testing');
const web = require('systole/web');

await run({ systole, testing, context, node, web, progress, inspector, other });
