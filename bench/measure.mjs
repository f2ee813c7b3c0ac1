// Measures one case: its contenders take turns (A B C, A B C, ...), so that what slows the machine
// for a while slows them all, and a ratio is only taken within one round.
import { fork } from 'node:child_process';

const worker = new URL('./worker.mjs', import.meta.url);
const batchLimitMs = 120_000;

/** Gives { samples: { contender: [measures of each round] }, errors: { contender: message } }. */
export async function measure(name, definition, { rounds, batchMs, smoke }) {
  const { contenders, fresh = false, apart = [], execArgv = [] } = definition;
  const lastRound = Math.min(rounds, definition.rounds ?? Infinity);
  const processOf = (contender) => (apart.includes(contender) ? contender : '');
  const pool = new Pool(() => start(name, execArgv), processOf);
  const samples = {};
  const errors = {};
  const counts = {};
  const attempt = async (contender, work) => {
    if (errors[contender]) return;
    try {
      await work(contender);
    } catch (error) {
      errors[contender] = error.message;
    }
  };

  for (const contender of Object.keys(contenders)) {
    samples[contender] = [];
    await attempt(contender, async () => {
      if (definition.count === undefined)
        counts[contender] = await pool.ask({ contender, batchMs });
      else counts[contender] = smoke ? definition.smokeCount : definition.count;
    });
  }
  for (let round = 0; round < lastRound; round++) {
    for (const contender of Object.keys(contenders)) {
      await attempt(contender, async () => {
        const count = counts[contender];
        samples[contender].push(await pool.ask({ contender, count }));
      });
      if (fresh) pool.close();
    }
  }
  pool.close();
  return { samples, errors };
}

/** The processes of one case, started when first needed. */
class Pool {
  #children = new Map();

  constructor(startChild, processOf) {
    this.startChild = startChild;
    this.processOf = processOf;
  }

  ask(message) {
    const key = this.processOf(message.contender);
    if (!this.#children.has(key)) this.#children.set(key, this.startChild());
    const child = this.#children.get(key);
    return new Promise((resolve, reject) => {
      const onMessage = (answer) => settle(answer.error, answer.result);
      const onExit = (code, signal) => lose(`the process ended (${signal ?? code})`);
      const timer = setTimeout(() => lose(`no answer in ${batchLimitMs} ms`), batchLimitMs);
      const settle = (error, result) => {
        clearTimeout(timer);
        child.off('message', onMessage).off('exit', onExit);
        if (error === undefined) resolve(result);
        else reject(new Error(error));
      };
      const lose = (error) => {
        this.#children.delete(key);
        child.kill('SIGKILL');
        settle(error);
      };
      child.on('message', onMessage).on('exit', onExit);
      child.send(message);
    });
  }

  close() {
    for (const child of this.#children.values()) child.kill('SIGKILL');
    this.#children.clear();
  }
}

function start(name, execArgv) {
  return fork(worker, [name], { execArgv: ['--expose-gc', ...execArgv] });
}
