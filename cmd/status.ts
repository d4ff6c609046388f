// `vw status`: the state of a relay, once or repeatedly. Signals and process.exit are used in cmd only.

import { setTimeout as delay } from 'node:timers/promises';
import { listFaults } from '../src/cli/status/list-faults.js';
import { fitPage } from '../src/cli/terminal/screen-frame.js';
import { jsonLine, fetchStats, type StatsSnapshot } from '../src/cli/client/fetch-stats.js';
import { addressSettings, relayAddress } from '../src/cli/client/relay-address.js';
import { NotServedError, RelayClient } from '../src/cli/client/relay-client.js';
import { type Page, pageLines, statusPage, unreachablePage } from '../src/cli/status/status-page.js';
import { ConfigError } from '../src/config/read-settings.js';
import { painter } from '../src/paint.js';
import { EXIT_FAILED, EXIT_NOT_SERVED, EXIT_USAGE, readOptions, settingRows, UsageError } from './shared/arguments.js';
import { reportError, print, printIfRead, whenOutputEnds } from './shared/output.js';
import { Screen } from './shared/screen.js';

const TIMEOUT_MS = 10_000;
const DEFAULT_WATCH_S = 2;

const HELP = `usage: vw status [--watch [SECONDS]] [--json] [--OPTION VALUE ...]

Prints what a relay (vw stream) is doing: feeds, streams, destinations, and what is wrong.

  --watch [SECONDS]    repeat it, every ${DEFAULT_WATCH_S} seconds by default; q or Ctrl-C ends it
  --json               what GET /api/stats says, on one line

${settingRows(addressSettings).join('\n')}

Exit status: 0 if all is well, ${EXIT_FAILED} if something is wrong, ${EXIT_USAGE} if the command line is wrong, ${EXIT_NOT_SERVED} if the relay
was not reached, did not accept the key, or is not a vw stream.
`;

type StatusFormat = 'page' | 'json';

interface StatusOptions {
  readonly format: StatusFormat;
  /** Polling interval in milliseconds; null: once. */
  readonly everyMs: number | null;
}

export async function status(args: readonly string[]): Promise<void> {
  let client: RelayClient;
  let wanted: StatusOptions;
  try {
    const texts = addressSettings.map(({ option }) => option);
    const { options, flags, names } = readOptions(args, {
      texts,
      flags: ['json'],
      numbers: ['watch'],
      positionals: 'accepted',
    });
    if (flags.has('help')) {
      print(HELP);
      return;
    }
    const [extra] = names;
    if (extra !== undefined) throw new UsageError(`"${extra}" is not accepted; --help lists what is`);
    wanted = { format: flags.has('json') ? 'json' : 'page', everyMs: readEvery(options.watch) };
    client = new RelayClient(relayAddress(options, process.env), TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof UsageError)) throw error;
    reportError(error.message);
    process.exitCode = EXIT_USAGE;
    return;
  }
  try {
    if (wanted.everyMs === null) await printOnce(client, wanted.format);
    else await watch(client, wanted.format, wanted.everyMs);
  } catch (error) {
    if (!(error instanceof NotServedError)) throw error;
    reportError(error.message);
    process.exitCode = EXIT_NOT_SERVED;
  } finally {
    client.close();
  }
}

async function printOnce(client: RelayClient, format: StatusFormat): Promise<void> {
  const seen = await fetchStats(client);
  print(format === 'json' ? `${jsonLine(seen.stats)}\n` : `${pageLines(pageOf(seen)).join('\n')}\n`);
  process.exitCode = exitCodeOf(seen);
}

/** What a poll found: stats, or why there are none and the last stats before that. */
type Poll =
  | { readonly trouble: null; readonly last: StatsSnapshot }
  | { readonly trouble: string; readonly last: StatsSnapshot | null };

/** Polls until it is stopped. It waits for a relay that goes away, but fails if there has never been a relay. */
async function watch(client: RelayClient, format: StatusFormat, everyMs: number): Promise<void> {
  const stop = new AbortController();
  const isOver = () => stop.signal.aborted;
  const end = () => {
    stop.abort();
    client.close(); // does not wait for an outstanding answer
  };
  process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end);
  whenOutputEnds(end); // the reader has gone
  let poll: Poll | null = null;
  const draw = () => {
    if (poll !== null) screen?.draw(fitPage(showPage(poll), process.stdout.rows || 24));
  };
  const screen = process.stdout.isTTY && format === 'page' ? new Screen(end, draw) : null;
  try {
    while (!isOver()) {
      const began = performance.now();
      const before: Poll | null = poll;
      try {
        const last = await fetchStats(client);
        poll = { trouble: null, last };
        process.exitCode = exitCodeOf(last);
      } catch (error) {
        if (isOver()) break;
        poll = failedPoll(error, before);
        process.exitCode = EXIT_NOT_SERVED;
      }
      if (screen) draw();
      else if (format === 'page') printIfRead(`${pageLines(showPage(withoutPast(poll))).join('\n')}\n\n`);
      else reportPoll(poll, before);
      const spentMs = performance.now() - began;
      await delay(Math.max(everyMs - spentMs, 0), null, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    screen?.close();
  }
}

/** Prints stats as JSON; a trouble once. */
function reportPoll({ trouble, last }: Poll, before: Poll | null): void {
  if (trouble === null) printIfRead(`${jsonLine(last.stats)}\n`);
  else if (trouble !== before?.trouble) reportError(`${trouble}; trying again`);
}

/** The poll that found an error. Throws it if it may not pass and there has never been a relay. */
function failedPoll(error: unknown, before: Poll | null): Poll {
  const last = before?.last ?? null;
  if (!(error instanceof NotServedError) || (!error.mayPass && last === null)) throw error;
  return { trouble: error.message, last };
}

function showPage({ trouble, last }: Poll): Page {
  const time = new Date().toTimeString().slice(0, 8);
  if (trouble === null) return pageOf(last, time);
  return unreachablePage(trouble, last === null ? null : pageOf(last), { width: columns(), paint }, time);
}

/** Where pages are printed one after another, the last stats are there already. */
function withoutPast(poll: Poll): Poll {
  return poll.trouble === null ? poll : { trouble: poll.trouble, last: null };
}

function pageOf(seen: StatsSnapshot, time = ''): Page {
  return statusPage(seen, { width: columns(), paint }, time);
}

const paint = painter(process.stdout.isTTY && (process.env.NO_COLOR ?? '') === '' ? 'coloured' : 'plain');

/** The width of a page: that of the terminal; without one that of COLUMNS, or else unlimited. */
function columns(): number {
  if (process.stdout.isTTY) return process.stdout.columns || 80; // 0: unknown
  return Number(process.env.COLUMNS) || Infinity;
}

function exitCodeOf({ stats }: StatsSnapshot): number {
  return listFaults(stats).length === 0 ? 0 : EXIT_FAILED;
}

function readEvery(text: string | undefined): number | null {
  if (text === undefined) return null;
  const seconds = text === '' ? DEFAULT_WATCH_S : Number(text);
  if (!(seconds >= 0.2 && seconds <= 3600)) {
    throw new UsageError(`--watch=${text} cannot be used; accepted: seconds from 0.2 to 3600, or nothing`);
  }
  return seconds * 1000;
}
