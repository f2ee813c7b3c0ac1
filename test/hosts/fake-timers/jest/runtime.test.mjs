import { runtimeTests } from '../scenarios.mjs';

const kinds = [
  ["Jest's defaults", undefined, true],
  ['performance not faked', { doNotFake: ['performance'] }, false],
  [
    'queueMicrotask, nextTick and performance not faked',
    { doNotFake: ['queueMicrotask', 'nextTick', 'performance'] },
    false,
  ],
];

for (const [kind, config, performanceFaked] of kinds) {
  const timers = {
    install: () => jest.useFakeTimers(config),
    uninstall: () => jest.useRealTimers(),
    advance: (ms) => jest.advanceTimersByTimeAsync(ms),
    pending: () => jest.getTimerCount(),
    clearAll: () => jest.clearAllTimers(),
  };
  runtimeTests({ describe, test }, kind, timers, performanceFaked);
}
