/** The faults. */
import { ApplicationFailure } from '../../src/index.js';
import type { ActivityContext, HeartbeatStore, Logger, RuntimeOptions } from '../../src/index.js';
import type { Cell, Fault } from './cell.js';

const fail = (): never => {
  throw new Error('a part that fails');
};
const hang = (): Promise<never> => new Promise<never>(() => {});

const isSubject = ({ info }: ActivityContext): boolean => info.activityId === 'subject';

/** Now if a function runs, else at the next call. */
function inFunction(
  cell: Cell,
  end: { now: (call: NonNullable<Cell['running']>) => void; next: Cell['behaviour'] },
): void {
  if (cell.running !== undefined) end.now(cell.running);
  cell.behaviour = end.next;
}

const throwing = (error: () => unknown): Fault => ({
  strike: (cell) =>
    inFunction(cell, {
      now: ({ reject }) => reject(error()),
      next: () => {
        throw error();
      },
    }),
});

const stored = (store: Partial<HeartbeatStore>): Fault => ({
  setting: () => ({
    runtime: {
      store: { get: () => undefined, set: () => undefined, delete: () => undefined, ...store },
    },
  }),
  strike: beatAndFail,
});

const configured = (runtime: () => RuntimeOptions): Fault => ({
  setting: () => ({ runtime: runtime() }),
  strike: beatAndFail,
});

/** Uses every part: a heartbeat, its report, a failure, and its log line. */
function beatAndFail(cell: Cell): void {
  inFunction(cell, {
    now: ({ ctx, reject }) => {
      try {
        ctx.heartbeat(7);
        reject(new Error('no'));
      } catch (error) {
        reject(error);
      }
    },
    next: (ctx) => {
      ctx.heartbeat(8);
      if (ctx.info.attempt === 1) throw new Error('no');
      return 'done';
    },
  });
}

const logger: Logger = { debug: fail, info: fail, warn: fail, error: fail };
const asyncLogger: Logger = {
  debug: () => Promise.reject(new Error('log')),
  info: () => Promise.reject(new Error('log')),
  warn: () => Promise.reject(new Error('log')),
  error: () => Promise.reject(new Error('log')),
};

export const faults: Readonly<Record<string, Fault>> = {
  nothing: {},
  'the function throws': throwing(() => new Error('boom')),
  'it throws a non-retryable failure': throwing(() => ApplicationFailure.nonRetryable('final')),
  'it rejects with text': throwing(() => 'text'),
  'it rejects with undefined': throwing(() => undefined),
  'it rejects with an error that cannot be shown': throwing(() =>
    Object.defineProperty(new Error(), 'message', { get: fail }),
  ),
  'it throws its own AbortError': throwing(() => new DOMException('not asked for', 'AbortError')),
  'it hangs': { strike: (cell) => (cell.behaviour = hang) },
  'it returns an async generator': {
    strike: (cell) =>
      (cell.behaviour = async function* () {
        await Promise.resolve();
        yield 1;
      }),
  },
  'it ignores its cancellation': {
    strike(cell) {
      cell.handle?.cancel();
      cell.behaviour = hang;
    },
  },
  'it answers its cancellation late, with an error': {
    async strike(cell) {
      cell.handle?.cancel();
      await cell.h.advance(1_000);
      cell.running?.reject(new Error('late'));
    },
  },
  'it resolves after its timeout': {
    async strike(cell) {
      const { running } = cell;
      await cell.h.advance(11_000);
      running?.resolve('too late');
    },
  },
  'it heartbeats after its end': {
    async strike(cell) {
      const { running } = cell;
      running?.reject(new Error('no'));
      await cell.h.advance(100);
      running?.ctx.heartbeat(99);
      running?.ctx.sleep('1h').catch(() => {});
      running?.ctx.keepAlive(hang()).catch(() => {});
      running?.ctx.log.info('after its end');
    },
  },
  'listeners throw': { prepare: (cell) => cell.atEvents(fail), strike: beatAndFail },
  'listeners reject': {
    prepare: (cell) => cell.atEvents(() => Promise.reject(new Error('listener'))),
    strike: beatAndFail,
  },
  'the store throws on get': stored({ get: fail }),
  'the store throws on set': stored({ set: fail }),
  'the store throws on delete': stored({ delete: fail }),
  'the store rejects': stored({
    get: () => Promise.reject(new Error('get')),
    set: () => Promise.reject(new Error('set')),
    delete: () => Promise.reject(new Error('delete')),
  }),
  'the store hangs on get': stored({ get: hang }),
  'the store gives garbage': stored({ get: () => '{"json":' }),
  'the store gives an object': stored({ get: () => ({ json: 1 }) }),
  'the logger throws': configured(() => ({ logger })),
  'the logger rejects': configured(() => ({ logger: asyncLogger })),
  'the serializer throws': configured(() => ({
    serializer: { serialize: fail, deserialize: fail },
    store: new Map<string, string>(),
  })),
  'an interceptor throws': configured(() => ({
    interceptors: [{ execute: (input, next) => (isSubject(input.context) ? fail() : next(input)) }],
  })),
  'an interceptor of heartbeats throws': configured(() => ({
    interceptors: [
      { heartbeat: (details, next, context) => (isSubject(context) ? fail() : next(details)) },
    ],
  })),
  'the clock jumps a day ahead': { strike: (cell) => cell.h.clock.block(86_400_000) },
  'the loop is blocked for 30 s': { strike: (cell) => cell.h.clock.block(30_000) },
  'the signal has aborted before': {
    setting: () => ({ call: { signal: AbortSignal.abort('before') } }),
  },
  'the signal aborts': { strike: (cell) => cell.outside.abort('now') },
  'the signal aborts inside a heartbeat': {
    strike: (cell) => {
      const details = Object.defineProperty({}, 'line', {
        enumerable: true,
        get: () => {
          cell.outside.abort('inside');
          return 1;
        },
      });
      const beat = cell.running?.ctx.heartbeat as ((details: unknown) => void) | undefined;
      beat?.(details);
    },
  },
  'a listener cancels': {
    prepare: (cell) => cell.atEvents(() => cell.handle?.cancel()),
    strike: beatAndFail,
  },
  'a listener terminates': {
    prepare: (cell) =>
      cell.atEvents(() => {
        if (cell.handle?.describe().closeTime === undefined) cell.handle?.terminate();
      }),
    strike: beatAndFail,
  },
  'a listener pauses, resets and unpauses': {
    prepare: (cell) =>
      cell.atEvents(() => {
        cell.handle?.pause();
        cell.handle?.reset();
        cell.handle?.unpause();
      }),
    strike: beatAndFail,
  },
  'a listener completes': {
    prepare: (cell) => cell.atEvents(() => cell.handle?.complete('by a listener')),
    strike: beatAndFail,
  },
  'a listener starts another': {
    prepare: (cell) => {
      let more = 20;
      cell.atEvents(() => {
        if (more-- > 0) return cell.h.run(() => 'another');
        return undefined;
      });
    },
    strike: beatAndFail,
  },
  'a listener shuts down': {
    prepare: (cell) => cell.atEvents(() => cell.handle && cell.h.engine.shutdown()),
    strike: beatAndFail,
  },
  'it runs an activity inside': {
    strike: (cell) =>
      (cell.behaviour = async () => {
        const inner = await cell.h.run(() => 'inner', { startToCloseTimeout: '1s' });
        return `outer of ${inner}`;
      }),
  },
  'result() is never called': {
    strike: (cell) => {
      cell.handle = undefined;
      cell.refusal = new Error('not asked for');
      inFunction(cell, { now: ({ reject }) => reject(new Error('unheard')), next: fail });
    },
  },
};
