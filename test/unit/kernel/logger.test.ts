import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ActivityRuntime, pinoLogger, type Logger } from 'systole';
import { LOG_LEVELS, safeLog } from '../../../src/kernel/logger.js';

describe('the default logger', () => {
  const lines: unknown[][] = [];
  const log = safeLog(undefined);

  beforeEach(() => {
    lines.length = 0;
    for (const level of LOG_LEVELS) {
      vi.spyOn(console, level).mockImplementation((...line) => void lines.push([level, ...line]));
    }
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('writes WARN and above', () => {
    for (const level of LOG_LEVELS) log(level, 'something', { activityId: 'a' });
    expect(lines).toEqual([
      ['warn', 'systole: something', { activityId: 'a' }],
      ['error', 'systole: something', { activityId: 'a' }],
    ]);
  });

  test.each<[error: unknown, text: string]>([
    [new RangeError('connection lost'), 'systole: it failed (RangeError: connection lost)'],
    [
      'a string',
      'systole: it failed (ApplicationFailure: An activity threw "a string", not an Error)',
    ],
    [undefined, 'systole: it failed'],
  ])('has the error in its text: %o', (error, text) => {
    log('warn', 'it failed', { error });
    expect(lines[0]![1]).toBe(text);
  });

  test('does not repeat an error that the message has', () => {
    log('warn', 'it failed: Error: no', { error: new Error('no') });
    expect(lines[0]![1]).toBe('systole: it failed: Error: no');
  });

  test('escapes control characters in the message and in the error', () => {
    log('warn', 'a\nb\u001b[31m', { error: new Error('c\r\n\u009b2J\u202e') });
    expect(lines[0]![1]).toBe('systole: a\\nb\\u001b[31m (Error: c\\r\\n\\u009b2J\\u202e)');
  });

  test('does not read the text as a format', async () => {
    vi.restoreAllMocks();
    const { Console } = await import('node:console');
    const { PassThrough } = await import('node:stream');
    const stream = new PassThrough();
    const real = new Console(stream, stream);
    vi.spyOn(console, 'warn').mockImplementation((...line: unknown[]) => real.warn(...line));
    log('warn', 'at 100%s of %d', { row: 7 });
    expect(String(stream.read())).toBe('systole: at 100%s of %d { row: 7 }\n');
  });

  test('survives an error that cannot be read', () => {
    const hostile = new Proxy(new Error('no'), {
      get: () => {
        throw new Error('hands off');
      },
    });
    log('warn', 'it failed', { error: hostile });
    expect(lines[0]![1]).toMatch(/^systole: it failed \(/);
  });
});

describe('pinoLogger', () => {
  function collected(): { logger: Logger; lines: Record<string, unknown>[] } {
    const lines: Record<string, unknown>[] = [];
    const stream = { write: (line: string) => void lines.push(JSON.parse(line) as never) };
    return { logger: pinoLogger(pino({ level: 'debug', base: null }, stream)), lines };
  }

  test('writes each level with its attributes', () => {
    const { logger, lines } = collected();
    for (const level of LOG_LEVELS) logger[level](`at ${level}`, { activityId: 'a', attempt: 2 });
    logger.info('alone');
    expect(lines).toEqual([
      ...LOG_LEVELS.map((level, index) => ({
        level: 20 + 10 * index,
        time: expect.any(Number) as number,
        activityId: 'a',
        attempt: 2,
        msg: `at ${level}`,
      })),
      { level: 30, time: expect.any(Number) as number, msg: 'alone' },
    ]);
  });

  test('keeps the error, with its stack and its cause', async () => {
    const { logger, lines } = collected();
    const runtime = new ActivityRuntime({ logger });
    runtime.start(
      function importRows() {
        throw new RangeError('connection lost', { cause: new Error('ECONNRESET') });
      },
      { retryPolicy: { maximumAttempts: 1 } },
    );
    await expect.poll(() => lines.length).toBe(1);
    expect(lines[0]).toMatchObject({
      level: 50,
      activityType: 'importRows',
      err: {
        type: 'RangeError',
        message: expect.stringContaining('connection lost') as string,
        stack: expect.stringContaining('importRows') as string,
      },
    });
    expect(JSON.stringify(lines[0])).toContain('ECONNRESET');
  });
});

test('pinoLogger refuses a value that is no logger of pino', () => {
  expect(() => pinoLogger(pino as never)).toThrow(
    'pinoLogger: received function pino; expected a logger like pino()',
  );
  expect(() => pinoLogger(undefined as never)).toThrow('pinoLogger: received undefined');
});

describe('a logger that takes the attributes first is refused if it is given directly', () => {
  const methods = Object.fromEntries(LOG_LEVELS.map((level) => [level, () => {}])) as never;

  test.each<[name: string, logger: object]>([
    ['pino', pino({ enabled: false })],
    ['a child of pino', pino({ enabled: false }).child({ service: 'import' })],
    ["Bunyan's shape", { ...(methods as object), addSerializers: () => {}, fields: {} }],
  ])('%s', (_, logger) => {
    expect(() => new ActivityRuntime({ logger: logger as never })).toThrow(
      /^logger: received an? .*; expected pinoLogger\(logger\): its methods take the attributes first$/,
    );
  });

  test('and others are accepted: console, and the shape of winston', () => {
    const winston = {
      ...(methods as object),
      child: () => {},
      levels: {},
      isLevelEnabled: () => true,
    };
    for (const logger of [console, winston, pinoLogger(pino({ enabled: false }))]) {
      expect(new ActivityRuntime({ logger: logger as Logger })).toBeInstanceOf(ActivityRuntime);
    }
  });
});
