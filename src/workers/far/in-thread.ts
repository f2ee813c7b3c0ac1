/** A worker that is a thread of the program, which reads its mailbox. */
import { parentPort } from 'node:worker_threads';
import { Mailbox } from '../wire/mailbox.js';
import type { Init, Report } from '../wire/messages.js';
import { Server } from './server.js';
import { teachTypeScript } from './tsx.js';

export function serveThread(init: Init): void {
  const { port, memory } = init as Required<Init>;
  const parent = parentPort as NonNullable<typeof parentPort>;
  const server = new Server({
    mailbox: new Mailbox(memory),
    calls: port,
    report: (report: Report) => parent.postMessage(report),
    // The program also reads the mailbox at the end.
    sendsDetails: false,
  });
  parent.on('message', (task) => void server.run(task as never));
  // Read as a stream by the program, standard error would keep that alive.
  const write = process.stderr.write.bind(process.stderr) as (...given: unknown[]) => boolean;
  process.stderr.write = (...given: [text: unknown]) => {
    parent.postMessage({ is: 'wrote', text: String(given[0]) } satisfies Report);
    return write(...given);
  };
  const open = (): void => void server.open(init.module);
  teachTypeScript(init.module).then(open, open); // what it does not know fails to load, and says so
}
