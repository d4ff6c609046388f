// `vw rules export` and `vw rules import`: all rules of a relay in a file, and back.

import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { applyPlan, type Outcome } from '../src/cli/rules/apply-plan.js';
import { fetchRules } from '../src/cli/client/fetch-rules.js';
import { addressSettings, relayAddress } from '../src/cli/client/relay-address.js';
import { NotServedError, RefusedError, RelayClient } from '../src/cli/client/relay-client.js';
import { DocumentError, documentText, readDocument, type RulesDocument } from '../src/cli/rules/rules-document.js';
import { type ImportScope, makePlan, type Plan, type Refusal, type PlanStep } from '../src/cli/rules/rules-plan.js';
import { byName, plural } from '../src/cli/terminal/text.js';
import { readTokens } from '../src/cli/rules/token-files.js';
import { writeFileAtomically } from '../src/cli/rules/write-file.js';
import { ConfigError } from '../src/config/read-settings.js';
import {
  EXIT_FAILED,
  EXIT_NOT_SERVED,
  EXIT_USAGE,
  type CommandLine,
  readOptions,
  settingRows,
  UsageError,
} from './shared/arguments.js';
import { reportError, print } from './shared/output.js';

const TIMEOUT_MS = 10_000;
const RETRY_MS = 250;
const MAX_SHOWN_FAULTS = 20;

const SAID = {
  apply: { set: 'set', delete: 'deleted' },
  'dry-run': { set: 'would set', delete: 'would delete' },
} as const;

const HELP = `usage: vw rules export [FILE] [--OPTION VALUE ...]
       vw rules import FILE|- [--dry-run] [--replace] [--tokens FILE] [--OPTION VALUE ...]

export writes the rules of a relay (vw stream) as JSON: streams, destinations, mutes. It contains no tokens.
import sets the rules that differ from those in the file. All are checked before the first is set.

  --dry-run            say what import would do, and do nothing
  --replace            delete the rules that are not in the file, after all others are set; if the file has
                       no list of streams, of destinations or of mutes, those stay
  --tokens FILE        JSON file of destinations' tokens, {"ID": "TOKEN"}
  --token ID=TOKEN     a single token; everybody on this machine can see it in the list of processes
  --wait SECONDS       how long to wait for a relay that is just starting

${settingRows(addressSettings).join('\n')}

Without a token, a destination keeps the one that the relay has for its relay server.
Exit status: 0 if all is as in the file, ${EXIT_FAILED} if something was not set or the file is not valid, ${EXIT_USAGE} if the command
line is wrong, ${EXIT_NOT_SERVED} if the relay was not reached, did not accept the key, or is not a vw stream.
`;

export async function rules(args: readonly string[]): Promise<void> {
  let client: RelayClient | null = null;
  try {
    const texts = [...addressSettings.map(({ option }) => option), 'tokens', 'wait'];
    const given = readOptions(args, {
      texts,
      flags: ['replace', 'dry-run'],
      lists: ['token'],
      positionals: 'accepted',
    });
    if (given.flags.has('help')) {
      print(HELP);
      return;
    }
    const run = selectAction(given);
    const waitMs = readWait(given.options.wait);
    client = new RelayClient(relayAddress(given.options, process.env), TIMEOUT_MS);
    process.exitCode = await run(client, waitMs);
  } catch (error) {
    process.exitCode = report(error as Error);
  } finally {
    client?.close();
  }
}

type Run = (client: RelayClient, waitMs: number) => Promise<number>;

function selectAction({ names, flags, lists, options }: CommandLine): Run {
  const [verb, file, extra] = names;
  const isImport = verb === 'import';
  if (!isImport && verb !== 'export') {
    const what = verb === undefined ? 'what to do is missing' : `"${verb}" is not accepted`;
    throw new UsageError(`${what}; accepted: vw rules export, vw rules import`);
  }
  if (extra !== undefined) throw new UsageError(`"${extra}" is not accepted; accepted: one file`);
  if (!isImport) {
    const strange = [...flags, ...Object.keys(lists), 'tokens'].find(
      (name) => name !== 'tokens' || options.tokens !== undefined,
    );
    if (strange !== undefined) throw new UsageError(`--${strange} is for vw rules import`);
    return (client, waitMs) => exportRules(client, waitMs, file);
  }
  if (file === undefined)
    throw new UsageError('vw rules import requires a file; accepted: its name, or - for standard input');
  const tokens = readTokens(lists.token ?? [], options.tokens);
  const scope = flags.has('replace') ? 'replace' : 'merge';
  const mode = flags.has('dry-run') ? 'dry-run' : 'apply';
  return (client, waitMs) => importRules(client, waitMs, { file, tokens, scope, mode });
}

async function exportRules(client: RelayClient, waitMs: number, file = '-'): Promise<number> {
  const { raw, rules: found } = await retryUntilReachable(waitMs, () => fetchRules(client));
  const text = documentText(raw);
  if (file === '-') print(text);
  else await withFileContext(file, 'written', () => writeFileAtomically(file, text));
  const ids = found.destinations.filter(({ isTokenSet }) => isTokenSet).map(({ rule }) => rule.id);
  const whose =
    ids.length === 0 ? 'no destination has one' : `these destinations have one: ${ids.sort(byName).join(', ')}`;
  reportError(`the file contains no tokens; ${whose}`);
  return 0;
}

type ImportMode = 'apply' | 'dry-run';

interface ImportOptions {
  /** Its name; `-` is standard input. */
  readonly file: string;
  /** By destination id. */
  readonly tokens: ReadonlyMap<string, string>;
  readonly scope: ImportScope;
  readonly mode: ImportMode;
}

async function importRules(
  client: RelayClient,
  waitMs: number,
  { file, tokens, scope, mode }: ImportOptions,
): Promise<number> {
  const text = await withFileContext(file, 'read', () =>
    file === '-' ? readStream(process.stdin) : readFile(file, 'utf8'),
  );
  const wanted = readDocument(parse(text));
  checkTokens(tokens, wanted);
  const { rules: there } = await retryUntilReachable(waitMs, () => fetchRules(client));
  const plan = makePlan(wanted, there, tokens, scope);
  const say = ({ verb, what, description }: PlanStep) => {
    const said = SAID[mode][verb];
    print(`${said} ${what}${description === '' ? '' : `: ${description}`}\n`);
  };
  const complainOf = ({ what, reason }: Refusal) => reportError(`${what}: ${reason}`);
  let outcome: Outcome;
  if (mode === 'dry-run') {
    plan.refusals.forEach(complainOf);
    plan.steps.forEach(say);
    const count = (verb: PlanStep['verb']) => plan.steps.filter((step) => step.verb === verb).length;
    outcome = { set: count('set'), deleted: count('delete'), refused: plan.refusals.length };
  } else outcome = await applyPlan(plan, client, say, complainOf);
  print(`${summary(plan, outcome, mode)}\n`);
  return outcome.refused === 0 ? 0 : EXIT_FAILED;
}

function summary({ unchanged, others }: Plan, { set, deleted, refused }: Outcome, mode: ImportMode): string {
  const isDry = mode === 'dry-run';
  const parts = [
    set === 0 ? '' : `${plural(set, 'rule')} ${isDry ? 'would be ' : ''}set`,
    deleted === 0 ? '' : `${deleted} ${isDry ? 'would be ' : ''}deleted`,
    refused === 0 ? '' : `${refused} left as ${refused === 1 ? 'it is' : 'they are'}`,
  ].filter((part) => part !== '');
  const changed = parts.length === 0 ? `nothing ${isDry ? 'would change' : 'changed'}` : parts.join(', ');
  const same =
    unchanged === 0 ? '' : `; ${plural(unchanged, 'rule')} ${unchanged === 1 ? 'was' : 'were'} in force already`;
  const rest = others === 0 ? '' : `; ${plural(others, 'rule')} not in the file ${others === 1 ? 'stays' : 'stay'}`;
  return changed + same + rest;
}

function checkTokens(tokens: ReadonlyMap<string, string>, { destinations }: RulesDocument): void {
  for (const id of tokens.keys()) {
    if (destinations.some(({ rule }) => rule.id === id)) continue;
    throw new DocumentError([`it has no destination "${id}", for which there is a token`]);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const at = /position \d+/.exec((cause as Error).message)?.[0]; // not its message, which may quote a token
    throw new DocumentError([
      `it is not JSON${at === undefined ? '' : ` (at ${at})`}; accepted: what vw rules export writes`,
    ]);
  }
}

/** Retries for up to `waitMs` while the relay is starting. */
async function retryUntilReachable<T>(waitMs: number, ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof NotServedError) || !error.mayPass || performance.now() >= deadline) throw error;
      await delay(RETRY_MS);
    }
  }
}

/** A file that cannot be read or written, with the reason. */
class FileError extends Error {}

async function withFileContext<T>(file: string, done: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new FileError(`"${file}" cannot be ${done} (${(cause as Error).message})`, { cause });
  }
}

function readWait(text = '0'): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!(seconds <= 3600)) throw new UsageError(`--wait=${text} cannot be used; accepted: seconds from 0 to 3600`);
  return seconds * 1000;
}

/** Reports an error; returns the exit status. */
function report(error: Error): number {
  if (error instanceof DocumentError) {
    const shown = error.faults.slice(0, MAX_SHOWN_FAULTS).map((fault) => `\n  ${fault}`);
    const more = error.faults.length - shown.length;
    reportError(
      `the file is not valid, and nothing was changed:${shown.join('')}${more > 0 ? `\n  and ${more} more` : ''}`,
    );
    return EXIT_FAILED;
  }
  reportError(error.message);
  if (error instanceof NotServedError || error instanceof RefusedError) return EXIT_NOT_SERVED;
  if (error instanceof UsageError || error instanceof ConfigError) return EXIT_USAGE;
  if (error instanceof FileError) return EXIT_FAILED;
  throw error;
}
