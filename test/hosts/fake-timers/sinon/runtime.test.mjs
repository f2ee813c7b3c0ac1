/** Plain Node, because a test runner would need timers too and would get the fake ones. */
import FakeTimers from '@sinonjs/fake-timers';
import { runtimeTests } from '../scenarios.mjs';

const withoutPerformance = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'];
const kinds = [
  ["Sinon's defaults", undefined, true],
  ['performance faked', { toFake: [...withoutPerformance, 'performance'] }, true],
  ['performance not faked', { toFake: withoutPerformance }, false],
];

const tests = [];
const framework = {
  describe: (name, body) => {
    const from = tests.length;
    body();
    for (const one of tests.slice(from)) one.name = `${name} > ${one.name}`;
  },
  test: (name, body) => tests.push({ name, body }),
};

for (const [kind, config, performanceFaked] of kinds) {
  let clock;
  const timers = {
    install: () => (clock = FakeTimers.install(config)),
    uninstall: () => clock.uninstall(),
    advance: (ms) => clock.tickAsync(ms),
    pending: () => clock.countTimers(),
    clearAll: () => clock.reset(),
  };
  runtimeTests(framework, kind, timers, performanceFaked);
}

for (const { name, body } of tests) {
  try {
    await body();
  } catch (error) {
    console.error(`FAIL ${name}\n${error.stack}`);
    process.exitCode = 1;
  }
}
console.log(`${tests.length} tests`);
