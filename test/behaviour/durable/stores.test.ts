/** What every store does, what every store with a ledger does, and how leases end. */
import { test } from 'vitest';
import { testClocks, testLease } from '../../support/lease-suite.js';
import { testLedger } from '../../support/ledger-suite.js';
import { testStore } from '../../support/store-suite.js';
import { all, durable, hasSqlite, leased } from '../../support/stores.js';

test.skipIf(hasSqlite)(
  'sqliteStore is left out: this Node has none. See npm run test:sqlite',
  () => {
    console.log('left out: sqliteStore, which needs Node 22.13 or better-sqlite3');
  },
);

for (const [name, make] of Object.entries(all)) testStore(name, make);
for (const [name, make] of Object.entries(durable)) testLedger(name, make);
for (const [name, make] of Object.entries(leased)) {
  testLease(name, make);
  testClocks(name, make);
}
