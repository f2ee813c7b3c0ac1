/**
 * A worker that is a separate process. A second thread, the watchdog, has a channel to the program
 * that works while the function's thread is busy. It ends the process when the program is gone.
 */
import { Worker } from 'node:worker_threads';
import { Mailbox, NO_TASK } from '../wire/mailbox.js';
import type { Init, Report } from '../wire/messages.js';
import { code } from './globals.js';
import { killProcess } from './kill.js';
import { Server } from './server.js';

export function serveProcess(init: Init): void {
  // Ctrl+C reaches every process of the terminal, and the program decides what it means.
  process.on('SIGINT', () => {});

  const mailbox = new Mailbox();
  // The processes that a function has started must end with it, and an exit would leave them.
  process.once('disconnect', () => (mailbox.task === NO_TASK ? process.exit() : killProcess()));
  const { port1: calls, port2: port } = new MessageChannel();
  const watchdog = new Worker(code, {
    ['eval']: true,
    workerData: { role: 'watchdog', memory: mailbox.memory, port },
    transferList: [port as never],
    execArgv: [],
    stderr: false,
  });
  watchdog.unref();
  const report = (report: Report, sent?: () => void): void => {
    process.send?.(report, undefined, undefined, sent);
  };
  const begun = (): void => {
    if (!mailbox.watched) watchdog.postMessage('watch');
  };
  const server = new Server({ mailbox, calls, report, begun, sendsDetails: true });
  process.on('message', (task) => void server.run(task as never));
  process.on('exit', () => server.flush());
  const watching = new Promise((resolve) => void watchdog.once('message', resolve));
  void server.open(init.module, watching);
}
