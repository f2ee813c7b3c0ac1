// Reads what the programs have written, and says what should not have happened.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @returns counts, and a list of what is wrong */
export function check(folder, count) {
  const lines = readdirSync(join(folder, 'spans'))
    .flatMap((name) => readFileSync(join(folder, 'spans', name), 'utf8').split('\n'))
    .flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line)];
      } catch {
        return []; // the process died in the middle of this line
      }
    })
    .sort((a, b) => a.at - b.at);
  const wrong = [];
  const byId = new Map();
  const figures = { attempts: 0, recovered: 0, results: 0, cancelled: 0, steps: 0, repeated: 0 };
  for (const line of lines) {
    if (line.what === 'unknown') wrong.push(`unknown: ${line.id}: ${line.reason}`);
    if (line.what === 'error') wrong.push(`error: ${line.message} ${line.error}`);
    if (line.id === undefined) continue;
    const own = byId.get(line.id) ?? [];
    byId.set(line.id, own);
    own.push(line);
  }
  for (let index = 0; index < count; index++) {
    const id = `job ${index}`;
    const own = byId.get(id) ?? [];
    let running;
    let stored = 0;
    let highest = 0;
    let attempt = 0;
    const ends = [];
    for (const line of own) {
      const { what, n } = line;
      if (what === 'begin') {
        figures.attempts++;
        if (n < stored) wrong.push(`${id}: details went back from ${stored} to ${n}`);
        if (line.attempt < attempt) wrong.push(`${id}: attempt ${attempt}, then ${line.attempt}`);
        attempt = line.attempt;
        running = line;
      } else if (what === 'step' || what === 'end') {
        const isOf = running?.pid === line.pid && running.attempt === line.attempt;
        if (!isOf) wrong.push(`${id}: an attempt of ${line.pid} overlaps one of ${running?.pid}`);
        if (what === 'step') {
          figures.steps++;
          if (n <= highest) figures.repeated++;
          highest = Math.max(highest, n);
        }
      } else if (what === 'stored') stored = Math.max(stored, n);
      else if (what === 'recovered') figures.recovered++;
      else if (what === 'result') {
        figures.results++;
        ends.push('result');
      } else if (what === 'failure') {
        if (line.state === 'CANCEL_REQUESTED') ends.push('cancelled');
        else if (line.error !== 'WORKER_SHUTDOWN')
          wrong.push(`${id}: failed: ${line.name} ${line.error}`);
      }
      if (what === 'closed') ends.push('closed');
    }
    if (own.some(({ what }) => what === 'cancel')) figures.cancelled++;
    const number = (what) => ends.filter((end) => end === what).length;
    if (number('closed') > 1) wrong.push(`${id}: the ledger took ${number('closed')} ends`);
    if (number('result') > 1) wrong.push(`${id}: ${number('result')} results`);
    if (own.length === 0) wrong.push(`${id}: was never started`);
  }
  return { figures, wrong, byId };
}
