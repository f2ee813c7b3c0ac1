/* eslint-disable @typescript-eslint/no-require-imports */
// A CommonJS program, whose activities are CommonJS too.
const { join } = require('node:path');
const { runActivity } = require('systole');
const { workerPool } = require('systole/workers');

(async () => {
  for (const isolation of ['process', 'thread', 'none']) {
    const pool = workerPool(join(__dirname, 'required.activities.cjs'), { isolation });
    console.log(await runActivity(pool.activities.add, { args: [20, 22] }));
  }
})();
