import { describe, expect, test, vi } from 'vitest';
import { environmentTests, matcherTests } from '../testing.mjs';

environmentTests(
  { describe, test },
  { install: () => vi.useFakeTimers(), uninstall: () => vi.useRealTimers() },
);
matcherTests({ describe, test, expect });
