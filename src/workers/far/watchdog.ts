/**
 * The second thread of a worker process. Its channel to the program works while the first thread is
 * busy: it fetches heartbeats, passes calls on, and reports where the first thread is. It ends the
 * process when the program is gone: only the program holds the other end of the channel, so the
 * kernel closes that, however the program has ended. It also ends the process when the program has
 * been suspended or blocked for so long that another program may run the activity.
 */
import { Session } from 'node:inspector';
import { Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { realTimer } from '../../kernel/clock.js';
import { ignore } from '../../kernel/promises.js';
import { isNew, Mailbox, NO_TASK } from '../wire/mailbox.js';
import { DELIVERY_MS } from '../wire/messages.js';
import { pausedStack, type Debugger } from '../wire/stack.js';
import {
  asLine,
  readLines,
  type FromWatchdog,
  type Lease,
  type ToWatchdog,
} from '../wire/lines.js';
import type { WatchdogInit } from './globals.js';
import { killProcess } from './kill.js';

/** The file descriptor of the channel. */
const CHANNEL = 4;

/** How long an idle process may take to exit when its program is gone, before it is killed. */
const LAST_MS = 1_000;

/** How long before the end of its lease a function is killed: the end must not be late. */
const LEASE_MARGIN_MS = 1_000;

/** How long its last message may take: a suspended program reads nothing. */
const LAST_WORD_MS = 50;

/** The rounds without a function after which the watchdog sleeps: one second. */
const MAX_IDLE_ROUNDS = 1_000 / DELIVERY_MS;

export function watch({ memory, port }: WatchdogInit): void {
  const mailbox = new Mailbox(memory);
  const channel = new Socket({ fd: CHANNEL, readable: true, writable: true });
  const say = (words: FromWatchdog): boolean => channel.write(asLine(words));

  let beats = 0;
  let idleRounds = 0;
  const collect = (): void => {
    idleRounds = mailbox.task === NO_TASK ? idleRounds + 1 : 0;
    if (idleRounds > MAX_IDLE_ROUNDS) {
      mailbox.setWatched(false);
      if (mailbox.task === NO_TASK) return; // otherwise a function has begun just now, and asks nobody to watch
      mailbox.setWatched(true);
    }
    realTimer(collect, DELIVERY_MS, true);
    if (channel.writableLength > 0) return; // the newest one is fetched when the channel is free
    const delivery = mailbox.take();
    if (delivery === undefined || !isNew(delivery, beats)) return;
    beats = delivery.beats;
    say(delivery);
  };
  parentPort?.on('message', () => {
    if (mailbox.watched) return;
    mailbox.setWatched(true);
    collect();
  });

  let clearLease = ignore;
  const lease = ({ task, ms }: Lease): void => {
    clearLease();
    const end = (): void => {
      if (mailbox.task !== task) return;
      say({ overdue: true });
      realTimer(killProcess, LAST_WORD_MS, true);
    };
    clearLease = realTimer(end, Math.max(0, ms - LEASE_MARGIN_MS));
  };
  const hear = readLines((given) => {
    const words = given as ToWatchdog;
    if ('call' in words) {
      port.postMessage(words.call);
      mailbox.call();
    } else if ('lease' in words) lease(words.lease);
    else void whereItIs().then((where) => say({ where: where ?? null }));
  });
  channel.setEncoding('utf8').on('data', hear);
  channel.on('error', () => {}); // 'close' follows
  parentPort?.postMessage('watching');
  channel.on('close', () => {
    mailbox.leave();
    // An attempt must not run beside the next one, which another program may begin now.
    if (mailbox.task !== NO_TASK) killProcess();
    realTimer(killProcess, LAST_MS, true);
  });
}

/** What the first thread is doing. */
async function whereItIs(): Promise<string | undefined> {
  const session = new Session();
  session.connectToMainThread();
  const thread: Debugger = {
    post: (method, answered) => session.post(method, answered),
    on: (method, listener) =>
      session.on(method, ({ params }: { params: never }) => listener(params)),
  };
  const stack = await pausedStack(thread);
  session.disconnect();
  return stack;
}
