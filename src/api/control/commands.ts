// The command link: JSON commands that arrive on the reserved destination `apiRule` (VW_API) and are answered on it, so
// that a board behind a firewall can be configured from outside. Rules only: nothing here can run a program.

import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import type { Log } from '../../log/log.js';
import { endpointOf } from '../../relay/dial/endpoint.js';
import { Link } from '../../relay/destination/link.js';
import { Message } from '../../relay/message.js';
import type { Relay } from '../../relay/relay.js';
import type { DestinationRule } from '../../relay/rules/rules.js';
import type { LinkStats } from '../../relay/stats-schema.js';
import { type RelayOperations, RESERVED_ID } from './actions.js';
import { problemOf } from '../../http/answer/problem.js';
import { splitJsonObjects } from './split-commands.js';

/** The same limit as for a REST body. */
const MAX_COMMAND_BYTES = 64 * 1024;
/** Commands that may be queued; each one beyond is answered with an error. */
const MAX_WAITING = 10_000;
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Unsent bytes of answers above which the next command waits. */
const MAX_UNSENT_REPLY_BYTES = 32 * 1024;
const DRAIN_POLL_MS = 10;
/** How long commands run before the event loop gets its turn: one message may hold thousands of them. */
const MAX_TURN_MS = 2;

const commandSchema = z.strictObject({
  verb: z.enum(['add', 'delete', 'list', 'healthcheck']),
  what: z.enum(['stream', 'destination', 'mute']).optional(),
  which: z.string().max(1000).optional(),
  rule: z.unknown().optional(),
});

const ACCEPTED =
  'accepted: {"verb": "add|delete|list", "what": "stream|destination|mute", "which": "a name, an id or all", "rule": {…}} ' +
  'or {"verb": "healthcheck"}';

/** Carries out one command and returns its answer. Never rejects: a command that fails is answered `{"error": "…"}`. */
export async function executeCommand(actions: RelayOperations, text: string, log: Log): Promise<unknown> {
  try {
    return await execute(actions, text);
  } catch (error) {
    const problem = problemOf(error);
    if (problem) return { error: problem.detail, code: problem.code };
    log.error('command failed', { reason: (error as Error).stack ?? String(error) });
    return { error: 'the relay failed to carry this out; its log has the cause', code: 'ERR_INTERNAL' };
  }
}

async function execute(actions: RelayOperations, text: string): Promise<unknown> {
  const refuse = (reason: string) => ({ error: `${reason}; ${ACCEPTED}`, code: 'ERR_BAD_COMMAND' });
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return refuse('the command is not JSON');
  }
  const parsed = commandSchema.safeParse(body);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
    return refuse(where === '' ? 'not a command' : `not a command: the value of "${where}" is not accepted`);
  }
  const { verb, what, which, rule } = parsed.data;
  if (verb === 'healthcheck') return { healthcheck: actions.health() };
  if (what === undefined) return refuse('"what" is missing');
  if (what === 'mute') return (await executeMute(actions, verb, which, rule)) ?? refuse('"which" is missing');
  if (verb === 'add') {
    if (rule === undefined) return refuse('"rule" is missing');
    return what === 'stream' ? await actions.setStream(rule) : await actions.setDestination(rule);
  }
  if (which === undefined) return refuse('"which" is missing');
  const isAll = which === 'all' || which === 'deleteAll';
  if (what === 'stream') {
    if (verb === 'list') return isAll ? actions.feedsByStream() : { feeds: actions.stream(which) };
    if (isAll) await actions.deleteAllStreams();
    return { deleted: isAll ? which : await actions.deleteStream(which) };
  }
  if (verb === 'list') return isAll ? actions.destinations() : actions.destination(which);
  if (isAll) await actions.deleteAllDestinations();
  return { deleted: isAll ? which : await actions.deleteDestination(which) };
}

/** Mutes: `which` names the feed, or `all`; the rule of an `add` may name it too. `null`: neither names a feed. */
async function executeMute(
  actions: RelayOperations,
  verb: 'add' | 'delete' | 'list',
  which: string | undefined,
  rule: unknown,
): Promise<unknown> {
  if (verb === 'add') {
    const isObject = typeof rule === 'object' && rule !== null && !Array.isArray(rule);
    const { feed, ...rest } = (isObject ? rule : {}) as { feed?: unknown };
    const name = which ?? (typeof feed === 'string' ? feed : undefined);
    return name === undefined ? null : await actions.setMute(name, isObject ? rest : rule);
  }
  if (which === undefined) return null;
  if (verb === 'delete') return { deleted: await actions.deleteMute(which) };
  return which === 'all' ? actions.mutes() : { tracks: actions.mute(which) };
}

/** The reserved destination's rule, as lists show it. */
export function reservedRule(url: string, token: string | null): DestinationRule {
  return { id: RESERVED_ID, stream: 'api', destination: url, ...(token === null ? {} : { token }) };
}

/** Whether a message is itself an error answer: replying to it could make two relays answer each other for ever. */
function isErrorReply(text: string): boolean {
  if (!text.startsWith('{"error"')) return false;
  if (text.length > MAX_COMMAND_BYTES) return true;
  try {
    return !('verb' in (JSON.parse(text) as object));
  } catch {
    return false;
  }
}

/** Keeps the link over which commands arrive, and answers them one at a time in their order of arrival. */
export class CommandLink {
  readonly #operations: RelayOperations;
  readonly #link: Link;
  readonly #log: Log;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #waitingBytes = 0;
  #turnStartMs = 0;
  #isClosed = false;
  readonly #stopPolling: () => void;

  constructor(rule: DestinationRule, relay: Relay, actions: RelayOperations, log: Log) {
    this.#operations = actions;
    this.#log = log;
    this.#link = new Link(
      { id: rule.id, endpoint: endpointOf(rule, relay.tls, relay.limits.dialTimeoutMs) },
      relay.limits,
      relay.events,
      {
        opened: () => undefined,
        lost: () => undefined,
        received: (message) => this.#receive(message),
      },
    );
    this.#stopPolling = relay.everySecond((nowMs) => this.#link.checkHealth(nowMs));
  }

  stats(): LinkStats {
    return this.#link.stats();
  }

  /** Resolves when the link is closed. */
  close(code: number): Promise<void> {
    this.#isClosed = true;
    this.#stopPolling();
    return this.#link.close(code);
  }

  #receive(message: Message): void {
    for (const text of splitJsonObjects(Buffer.from(message.data).toString(), MAX_WAITING)) {
      if (!isErrorReply(text)) this.#enqueue(text);
    }
  }

  #enqueue(text: string): void {
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_COMMAND_BYTES) {
      return this.#reply({ error: 'the command is too large; accepted: up to 64 KiB', code: 'ERR_TOO_LARGE' });
    }
    if (this.#waiting >= MAX_WAITING || this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      return this.#reply({ error: 'too many commands are queued', code: 'ERR_BUSY' });
    }
    this.#waiting++;
    this.#waitingBytes += bytes;
    this.#last = this.#last.then(async () => {
      await this.#awaitSendCapacity();
      await this.#runTurn();
      const answer = this.#isClosed ? null : await executeCommand(this.#operations, text, this.#log);
      this.#waiting--;
      this.#waitingBytes -= bytes;
      if (answer !== null) this.#reply(answer);
    });
  }

  /** Answers, unlike pictures, are not dropped: while earlier answers are still unsent, the next command waits too. */
  async #awaitSendCapacity(): Promise<void> {
    while (!this.#isClosed && this.#link.queuedBytes > MAX_UNSENT_REPLY_BYTES)
      await delay(DRAIN_POLL_MS, null, { ref: false });
  }

  /** Yields to the event loop once commands have run for a while. */
  async #runTurn(): Promise<void> {
    if (this.#isClosed || performance.now() - this.#turnStartMs < MAX_TURN_MS) return;
    await nextTurn();
    this.#turnStartMs = performance.now();
  }

  #reply(answer: unknown): void {
    this.#link.write(new Message('text', Buffer.from(JSON.stringify(answer))));
  }
}
