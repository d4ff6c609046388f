// `vw demo`: everything in one program, without camera, microphone or ffmpeg. Signals and process.exit are used in cmd
// only.

import { isatty } from 'node:tty';
import { Demo } from '../src/demo/demo.js';
import { DemoOutput } from '../src/demo/demo-output.js';
import { createLog, type LogLevel } from '../src/log/log.js';
import { ConfigError } from '../src/config/read-settings.js';
import { level, whole } from '../src/config/setting-types.js';
import { readVersion } from '../src/version.js';
import { EXIT_FAILED, EXIT_USAGE, readOptions, UsageError } from './shared/arguments.js';
import { stopOnSignal } from './shared/lifetime.js';
import { reportError, print } from './shared/output.js';

const HELP = `usage: vw demo [--tour] [--every SECONDS] [--port PORT] [--log-level LEVEL]

Shows vw at work on this machine, without camera, microphone or ffmpeg: a relay, two relay servers, and a picture and a
sound that are uploaded, joined in one stream and sent to the first relay server. Prints the commands that do it, and the
pages to open.

  --tour              mute, unmute and swap the relay server, over and over; says what it does and what you should see
  --every SECONDS     time between two steps of the tour (5)
  --port PORT         port of the relay; the relay servers have the next two; 0: any free one (8888)
  --log-level LEVEL   of the relay and the relay servers: error, warn, info, debug (warn)

It listens on 127.0.0.1 only. Ports that are in use are replaced by free ones. Ctrl-C ends it all.
`;

const DEFAULT_PORT = 8888;
const DEFAULT_EVERY_S = 5;

interface DemoArguments {
  readonly port: number;
  /** Milliseconds between two steps; null: no tour. */
  readonly everyMs: number | null;
  readonly logLevel: LogLevel;
}

export async function demo(args: readonly string[]): Promise<void> {
  let wanted: DemoArguments | null;
  try {
    wanted = readDemoArguments(args);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof UsageError)) throw error;
    reportError(error.message);
    process.exitCode = EXIT_USAGE;
    return;
  }
  if (wanted === null) print(HELP);
  else await run(wanted);
}

async function run({ port, everyMs, logLevel }: DemoArguments): Promise<void> {
  const isTerminal = isatty(1);
  const colours = isTerminal && (process.env.NO_COLOR ?? '') === '' ? 'coloured' : 'plain';
  const log = createLog(logLevel, isTerminal ? colours : 'json');
  const voice = new DemoOutput((text) => log.output.write(text), colours);
  const one = new Demo(voice, log);
  const ending = new AbortController();
  const close = async () => {
    ending.abort();
    await one.close();
    voice.line();
    voice.line('Ended: nothing is left running.');
  };
  // A closed terminal causes SIGHUP, a closed pipe an error.
  const stop = stopOnSignal(log, close, { signals: ['SIGTERM', 'SIGINT', 'SIGHUP'], sameMs: 500 });
  log.output.onError = (code) => {
    if (!ending.signal.aborted && (code === 'EPIPE' || code === 'EIO')) stop('SIGHUP');
  };
  try {
    await one.start({ port, version: readVersion() });
    if (everyMs !== null) await one.tour(everyMs);
  } catch (error) {
    if (ending.signal.aborted) return;
    reportError(`the demo has failed: ${(error as Error).message}`);
    process.exit(EXIT_FAILED);
  }
}

/** Parses the command line; null: help. */
function readDemoArguments(args: readonly string[]): DemoArguments | null {
  const line = readOptions(args, { texts: ['every', 'port', 'log-level'], flags: ['tour', 'check-config'] });
  if (line.flags.has('help')) return null;
  const { every, port = String(DEFAULT_PORT), 'log-level': logLevel = 'warn' } = line.options;
  const wantsTour = line.flags.has('tour');
  if (every !== undefined && !wantsTour)
    throw new UsageError('--every is for the tour; accepted: together with --tour');
  return {
    port: read('port', port, whole(0, 65_533)),
    everyMs: wantsTour ? read('every', every ?? String(DEFAULT_EVERY_S), whole(1, 3600)) * 1000 : null,
    logLevel: read('log-level', logLevel, level) as LogLevel, // `level` accepts no other
  };
}

function read<T>(option: string, text: string, reads: (text: string) => T): T {
  try {
    return reads(text);
  } catch (cause) {
    throw new UsageError(`--${option}="${text}" cannot be used; accepted: ${(cause as Error).message}`, { cause });
  }
}
