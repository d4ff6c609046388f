// The admin feed: JSON commands that come over the standing destination `apiRule` (VW_API) and are answered on it, so
// that a board behind a firewall can be configured from outside. Rules only: nothing here can run a program.

import { z } from 'zod';
import type { Log } from '../log.js';
import type { Sink } from '../relay/feed.js';
import { farEndOf } from '../relay/far-end.js';
import { Link } from '../relay/link.js';
import { Message } from '../relay/message.js';
import type { Relay } from '../relay/relay.js';
import type { DestinationRule } from '../relay/rules.js';
import { type Actions, STANDING_ID } from './actions.js';
import { problemOf } from './problem.js';

/** A command may be as long as a REST body. */
const MAX_COMMAND_BYTES = 64 * 1024;
/** Commands that may wait for the one before them; a burst beyond is answered with an error each. */
const MAX_WAITING = 10_000;

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
export async function executeCommand(actions: Actions, text: string): Promise<unknown> {
  try {
    return await execute(actions, text);
  } catch (error) {
    const problem = problemOf(error);
    return problem
      ? { error: problem.detail, code: problem.code }
      : { error: 'the relay could not do this', code: 'ERR_INTERNAL' };
  }
}

async function execute(actions: Actions, text: string): Promise<unknown> {
  const refuse = (why: string) => ({ error: `${why}; ${ACCEPTED}`, code: 'ERR_BAD_COMMAND' });
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return refuse('this is not JSON');
  }
  const parsed = commandSchema.safeParse(body);
  if (!parsed.success) return refuse('this is no command');
  const { verb, what, which, rule } = parsed.data;
  if (verb === 'healthcheck') return { healthcheck: 'ok' };
  if (what === undefined) return refuse('"what" is missing');
  if (what === 'mute') return executeMute(actions, verb, which, rule) ?? refuse('"which" is missing');
  if (verb === 'add') {
    if (rule === undefined) return refuse('"rule" is missing');
    return what === 'stream' ? actions.setStream(rule) : actions.setDestination(rule);
  }
  if (which === undefined) return refuse('"which" is missing');
  const isAll = which === 'all' || which === 'deleteAll';
  if (what === 'stream') {
    if (verb === 'list') return isAll ? actions.streams() : { feeds: actions.stream(which) };
    if (isAll) actions.deleteAllStreams();
    return { deleted: isAll ? which : actions.deleteStream(which) };
  }
  if (verb === 'list') return isAll ? actions.destinations() : actions.destination(which);
  if (isAll) await actions.deleteAllDestinations();
  return { deleted: isAll ? which : await actions.deleteDestination(which) };
}

/** Mutes: `which` names the feed, or `all`; the rule of an `add` may name it too. `null`: nothing names it. */
function executeMute(
  actions: Actions,
  verb: 'add' | 'delete' | 'list',
  which: string | undefined,
  rule: unknown,
): unknown {
  if (verb === 'add') {
    const { feed, ...rest } = (typeof rule === 'object' && rule !== null ? rule : {}) as { feed?: unknown };
    const name = which ?? (typeof feed === 'string' ? feed : undefined);
    return name === undefined ? null : actions.setMute(name, rest);
  }
  if (which === undefined) return null;
  if (verb === 'delete') return { deleted: actions.deleteMute(which) };
  return which === 'all' ? actions.mutes() : { tracks: actions.mute(which) };
}

/** The standing destination's rule, as lists show it. */
export function standingRule(url: string, token: string | null): DestinationRule {
  return { id: STANDING_ID, stream: 'api', destination: url, ...(token === null ? {} : { token }) };
}

/** Keeps the link over which commands come, and answers them one after the other in the order they came. */
export class CommandLink {
  readonly #actions: Actions;
  readonly #link: Link;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(rule: DestinationRule, relay: Relay, actions: Actions, log: Log) {
    this.#actions = actions;
    this.#link = new Link(rule.id, farEndOf(rule, relay.tls, relay.limits.dialTimeoutMs), relay.limits, log, {
      opened: () => undefined,
      lost: () => undefined,
      received: (message) => this.#take(message),
    });
  }

  /** Resolves when the link is gone. */
  close(code: number): Promise<void> {
    return this.#link.close(code);
  }

  #take(message: Message): void {
    const { data } = message;
    if (data.length > MAX_COMMAND_BYTES)
      return reply(this.#link, { error: 'a command has at most 64 KiB', code: 'ERR_TOO_LARGE' });
    if (this.#waiting >= MAX_WAITING)
      return reply(this.#link, { error: 'too many commands are waiting', code: 'ERR_BUSY' });
    const text = Buffer.from(data).toString(); // a copy: what is received is only lent
    this.#waiting++;
    this.#last = this.#last.then(async () => {
      const answer = await executeCommand(this.#actions, text);
      this.#waiting--;
      reply(this.#link, answer);
    });
  }
}

function reply(link: Sink, answer: unknown): void {
  link.write(new Message('text', Buffer.from(JSON.stringify(answer))));
}
