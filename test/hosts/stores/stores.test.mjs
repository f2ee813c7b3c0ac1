// The tests of stores on a real Redis, by way of Keyv, and on a real Postgres, in the store that the
// docs show. `run.mjs` says where the program of Redis is.
import { readFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import KeyvRedis from '@keyv/redis';
import Keyv from 'keyv';
import { ActivityRuntime } from 'systole';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { testLease } from '../../support/lease-suite.js';
import { testLedger } from '../../support/ledger-suite.js';
import { testStore } from '../../support/store-suite.js';
import { postgresStore, tables } from './postgres-store.js';
import { startRedis } from './redis.mjs';

const { REDIS_SERVER } = process.env;

describe.skipIf(REDIS_SERVER === undefined)('Redis', () => {
  let redis;
  beforeAll(async () => {
    redis = await startRedis(REDIS_SERVER);
  });
  afterAll(() => redis.kill());
  const open = () => {
    const backend = new KeyvRedis(redis.url, { throwOnErrors: true });
    return new Keyv({ store: backend, throwOnErrors: true });
  };
  // Redis gets the ids as UTF-8, which has no halves of surrogate pairs.
  const sameIds = ['\ud800', '\ud801'];
  testStore('a Keyv on Redis', () => keyvPlace(open), { sameIds });

  test('that goes away gets what it has missed when it is back, and that is logged', async () => {
    const place = keyvPlace(open);
    const keyv = place.open();
    keyv.on('error', () => {});
    const logged = [];
    const ignore = () => {};
    const error = (message) => logged.push(message);
    const logger = { debug: ignore, info: ignore, warn: ignore, error };
    const runtime = new ActivityRuntime({ store: keyv, logger });
    const stored = (details) =>
      vi.waitFor(async () => expect(await keyv.get('x')).toBe(`{"json":${details}}`), 20_000);
    const run = runtime.run(
      async (ctx) => {
        ctx.heartbeat(1);
        await stored(1);
        const { port } = redis;
        const killed = redis.kill();
        ctx.heartbeat(2); // in the same turn: later, Keyv would wait until Redis is back
        await killed;
        await vi.waitFor(() => expect(logged).toHaveLength(1), 20_000);
        redis = await startRedis(REDIS_SERVER, port);
        ctx.heartbeat(3);
        await stored(3);
        throw new Error('no');
      },
      { activityId: 'x', heartbeatThrottleInterval: 0, retryPolicy: { maximumAttempts: 1 } },
    );
    await expect(run).rejects.toThrow();
    expect(logged[0]).toMatch(/^The store failed/);
    await place.remove();
  });
});

describe('Postgres', () => {
  /** The time of the tests, which Postgres takes for its own. */
  const clock = 'CREATE TABLE clock AS SELECT now() AS at';
  const now =
    'CREATE FUNCTION tests.now() RETURNS timestamptz LANGUAGE sql AS $$SELECT at FROM clock$$';
  let postgres;
  beforeAll(async () => {
    postgres = await PGlite.create();
    for (const sql of [...tables, clock, 'CREATE SCHEMA tests', now]) await postgres.exec(sql);
    await postgres.exec('SET search_path = tests, pg_catalog, public');
  });
  afterAll(() => postgres.close());

  const place = () => ({
    open: (machine) => {
      const query = async (text, values) => {
        const seconds = machine.now().date / 1_000;
        await postgres.query('UPDATE clock SET at = to_timestamp($1)', [seconds]);
        return postgres.query(text, values);
      };
      return postgresStore({ query });
    },
    remove: () => postgres.exec('TRUNCATE activities'),
  });
  testStore('a store in Postgres', place);
  testLedger('a store in Postgres', place, { isBlind: true, isUnordered: true });
  testLease('a store in Postgres', place);

  test('the docs show this store', async () => {
    const [docs, code] = await Promise.all([
      readFile('docs/durable.md', 'utf8'),
      readFile('test/hosts/stores/postgres-store.ts', 'utf8'),
    ]);
    expect(docs).toContain(`\`\`\`ts\n${code}\`\`\``);
  });
});

function keyvPlace(make) {
  const opened = [];
  return {
    open: () => {
      const keyv = make();
      opened.push(keyv);
      return keyv;
    },
    remove: async () => {
      await opened[0]?.clear();
      await Promise.all(opened.map((keyv) => keyv.disconnect()));
    },
  };
}
