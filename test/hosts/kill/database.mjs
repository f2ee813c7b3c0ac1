// What the database itself saw: a trigger writes down each entry that came and went, in the same
// transaction, so that nothing a program says has to be believed.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { sqliteStore } from '../../../dist/sqlite.js';

function open(folder, cwd) {
  const path = join(folder, 'jobs.db');
  const builtIn = process.getBuiltinModule?.('node:sqlite');
  const Database = builtIn?.DatabaseSync ?? createRequire(join(cwd, 'noop.js'))('better-sqlite3');
  return new Database(path);
}

/** Makes the tables of the store, and the triggers. */
export function watchDatabase(folder, cwd) {
  process.chdir(cwd);
  sqliteStore(join(folder, 'jobs.db')).closeDatabase();
  const database = open(folder, cwd);
  const note = (event, when) => `
    CREATE TRIGGER ${event} AFTER UPDATE ON systole_activities WHEN ${when}
    BEGIN INSERT INTO seen VALUES ('${event}', NEW.id); END;`;
  database.exec(`CREATE TABLE seen (event TEXT, id TEXT);
    ${note('entered', 'OLD.entry IS NULL AND NEW.entry IS NOT NULL')}
    ${note('ended', 'OLD.entry IS NOT NULL AND NEW.entry IS NULL')}
    CREATE TRIGGER gone AFTER DELETE ON systole_activities WHEN OLD.entry IS NOT NULL
    BEGIN INSERT INTO seen VALUES ('gone', OLD.id); END;`);
  database.close();
}

/** What is wrong by the database: each activity was entered once and ended once, and nothing is left. */
export function ended(folder, cwd, jobs, wasNeverEntered) {
  const database = open(folder, cwd);
  const wrong = [];
  const counts = database
    .prepare('SELECT event, id, count(*) AS times FROM seen GROUP BY event, id')
    .all();
  const times = (event, id) =>
    counts.find((one) => one.event === event && one.id === JSON.stringify(id))?.times ?? 0;
  for (let index = 0; index < jobs; index++) {
    const id = `job ${index}`;
    const [entered, over, gone] = ['entered', 'ended', 'gone'].map((event) => times(event, id));
    if (entered === 0 && wasNeverEntered(id)) continue;
    if (entered !== 1 || over !== 1 || gone !== 0) {
      wrong.push(`${id}: entered ${entered} times, ended ${over} times, gone ${gone} times`);
    }
  }
  // Details of cancelled activities stay, as always.
  const left = database
    .prepare(
      'SELECT id, entry, owner FROM systole_activities WHERE entry IS NOT NULL OR owner IS NOT NULL',
    )
    .all();
  for (const one of left) wrong.push(`left: ${JSON.stringify(one)}`);
  database.close();
  return wrong;
}
