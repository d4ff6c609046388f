// The log: JSON lines, or readable colour on a terminal. A constant message, facts as fields.
// Never a token, never a URL's query: see safe-url.ts.

import { Writable } from 'node:stream';
import winston from 'winston';
import { painter, type Tone } from '../paint.js';
import { LogOutput, type LogState } from './log-output.js';

/** The interface of a log. */
export interface Log {
  debug(message: string, facts?: Facts): void;
  info(message: string, facts?: Facts): void;
  warn(message: string, facts?: Facts): void;
  error(message: string, facts?: Facts): void;
  /** The state of its output; a log without it loses no lines. */
  readonly state?: LogState;
}

/** A log that is written to a descriptor. */
export interface ProgramLog extends Log {
  readonly state: LogState;
  readonly output: LogOutput;
}

/** Fields of a log line. */
export type Facts = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Levels that `VW_LOG_LEVEL` accepts, loudest last. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** JSON lines, or lines for people: 'plain', or 'coloured' on a terminal. */
export type LogForm = 'json' | 'plain' | 'coloured';

/** The log of a program, on stdout by default. */
export function createLog(level: LogLevel, form: LogForm, fd = 1): ProgramLog {
  const paint = painter(form === 'coloured' ? 'coloured' : 'plain');
  const { combine, timestamp, json, printf } = winston.format;
  const readable = printf((info) => {
    const { level: of, message, timestamp: at, ...facts } = info;
    const time = String(at).slice(11, 23);
    const rest = Object.entries(facts)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([key, value]) => ` ${paint(`${key}=`, 'quiet')}${quote(String(value))}`)
      .join('');
    return `${paint(time, 'quiet')} ${paint(of.padEnd(5), TONES[of] ?? 'quiet')} ${String(message)}${rest}`;
  });
  const format = combine(timestamp(), form === 'json' ? json() : readable);
  const output = new LogOutput(fd, (lines) => {
    const info = format.transform({ level: 'warn', message: 'lines of the log were lost', lines });
    return String((info as Record<symbol, unknown>)[Symbol.for('message')]); // winston's own place for the text
  });
  // Always accepts: LogOutput handles what cannot be written, so winston need not buffer lines.
  const stream = new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => {
      output.write(text);
      done();
    },
  });
  const logger = winston.createLogger({
    level,
    format,
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's own types disagree
    transports: [new winston.transports.Stream({ stream, eol: '\n' })],
  });
  // Not winston's own methods: they format a line even if its level is disabled, some 80 us each when cold.
  const at = (name: LogLevel): Log['info'] => {
    return logger.isLevelEnabled(name) ? (message, facts) => void logger[name](message, facts) : () => undefined;
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    output,
    get state() {
      return output.state;
    },
  };
}

const TONES: Readonly<Record<string, Tone>> = { error: 'wrong', warn: 'notice', info: 'good', debug: 'technical' };

function quote(text: string): string {
  // A field stays on one line, whatever it contains.
  return /^[\x21-\x7e]+$/.test(text) ? text : JSON.stringify(text);
}
