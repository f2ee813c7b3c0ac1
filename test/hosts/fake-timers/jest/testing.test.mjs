import { environmentTests, matcherTests } from '../testing.mjs';

environmentTests(
  { describe, test },
  { install: () => jest.useFakeTimers(), uninstall: () => jest.useRealTimers() },
);
matcherTests({ describe, test, expect });
