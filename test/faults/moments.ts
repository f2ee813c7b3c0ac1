/** The moments at which a fault can happen. */
import type { Cell, Moment } from './cell.js';

const started = (cell: Cell): unknown => {
  cell.start();
  return cell.h.advance(1); // a store may be read before the function is called
};

export const moments: Readonly<Record<string, Moment>> = {
  waiting: {
    reach(cell) {
      cell.block();
      return started(cell);
    },
  },
  'start delay': { setting: { call: { startDelay: '5s' } }, reach: started },
  running: { reach: started },
  'running, after a heartbeat': {
    async reach(cell) {
      await started(cell);
      try {
        cell.running?.ctx.heartbeat(1);
        cell.running?.ctx.heartbeat(2); // held back
      } catch (error) {
        cell.running?.reject(error); // the fault may be about this
      }
    },
  },
  'backing off': {
    async reach(cell) {
      await started(cell);
      cell.calls.pop()?.reject(new Error('first'));
      await cell.h.advance(10);
    },
  },
  paused: {
    async reach(cell) {
      await started(cell);
      cell.calls.pop()?.reject(new Error('first'));
      await cell.h.advance(10);
      if (cell.handle?.describe().runState === 'SCHEDULED') cell.handle.pause();
    },
  },
  'pause requested': {
    setting: { call: { cancellationDelivery: 'heartbeat' } },
    async reach(cell) {
      await started(cell);
      if (cell.handle?.describe().runState === 'STARTED') cell.handle.pause();
    },
  },
  'reset requested': {
    setting: { call: { cancellationDelivery: 'heartbeat' } },
    async reach(cell) {
      await started(cell);
      if (cell.handle?.describe().runState === 'STARTED') cell.handle.reset();
    },
  },
  'left open': {
    async reach(cell) {
      cell.behaviour = (ctx) => ctx.completeAsync();
      await started(cell);
      cell.behaviour = undefined;
    },
  },
  'cancel requested': {
    setting: { call: { cancellationType: 'WAIT_CANCELLATION_COMPLETED' } },
    async reach(cell) {
      await started(cell);
      cell.handle?.cancel();
    },
  },
  'an abandoned function still runs': {
    setting: { call: { attemptOverlap: '2s' } },
    async reach(cell) {
      await started(cell);
      await cell.h.advance(11_000);
    },
  },
  'shutting down': {
    async reach(cell) {
      await started(cell);
      void cell.h.engine.shutdown({ gracePeriod: '30s' });
    },
  },
  draining: {
    async reach(cell) {
      cell.block();
      await started(cell);
      void cell.h.engine.shutdown({ drain: true, gracePeriod: '30s' });
    },
  },
};
