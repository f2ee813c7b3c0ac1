import { describe, test, vi } from 'vitest';
import { runtimeTests } from '../scenarios.mjs';

const withoutPerformance = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'];
const kinds = [
  ["Vitest's defaults", undefined, undefined],
  ['performance faked', { toFake: [...withoutPerformance, 'performance'] }, true],
  ['performance not faked', { toFake: withoutPerformance }, false],
];

for (const [kind, config, performanceFaked] of kinds) {
  const timers = {
    install: () => vi.useFakeTimers(config),
    uninstall: () => vi.useRealTimers(),
    advance: (ms) => vi.advanceTimersByTimeAsync(ms),
    pending: () => vi.getTimerCount(),
    clearAll: () => vi.clearAllTimers(),
  };
  runtimeTests({ describe, test }, kind, timers, performanceFaked);
}
