// What the paths of the far end mean: /in/<topic> publishes, /out/<topic> plays, /bi/<topic> is two-way, and
// /session/<topic> is what the token allows (crossbar's and practable's paths).
// Pure.

import { RuleError } from '../relay/rules.js';

/** The ways in to a topic. */
export type Way = 'in' | 'out' | 'bi' | 'session';

/** A path that names a topic. */
export interface Place {
  readonly way: Way;
  /** The topic's name, without slashes around it. */
  readonly topic: string;
  /** `/<way>/<topic>`: what tokens of crossbar's kind are made for. */
  readonly path: string;
}

const MAX_TOPIC_LENGTH = 200;
const SEGMENT = /^[A-Za-z0-9._-]+$/;

/** Why this cannot name a topic; `null` if it can. */
export function topicFault(topic: string): string | null {
  const isGood =
    topic.length > 0 &&
    topic.length <= MAX_TOPIC_LENGTH &&
    topic.split('/').every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..');
  return isGood
    ? null
    : `accepted: 1 to ${MAX_TOPIC_LENGTH} characters, segments of A-Z a-z 0-9 . _ - parted by "/" (none "." or "..")`;
}

/** Reads a path (decoded, without its query); `null` if it is none of a topic. Throws {@link RuleError} at a name that is none. */
export function parsePlace(path: string): Place | null {
  const found = /^\/(in|out|bi|session)\/(.*)$/s.exec(path);
  if (!found) return null;
  const topic = found[2]!.replace(/\/$/, ''); // also one that was written %2F
  const fault = topicFault(topic);
  if (fault !== null) throw new RuleError('ERR_BAD_TOPIC', `the topic in the path is none: ${fault}`);
  const way = found[1] as Way; // as the expression has it
  return { way, topic, path: `/${way}/${topic}` };
}

/** Where what is sent there is heard: `/bi` is a place of its own, the others share theirs. */
export function roomOf({ way, topic }: Place): string {
  return way === 'bi' ? `bi/${topic}` : topic;
}
