export { macrotask as turn } from '../../src/testing/macrotask.js';
export { VirtualClock } from '../../src/testing/virtual-clock.js';
