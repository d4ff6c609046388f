// The topic paths of `vw serve`: /in/<topic> publishes, /out/<topic> plays, /bi/<topic> is two-way, and
// /session/<topic> does what the token allows (crossbar's and practable's paths).
// Pure.

import { RuleError } from '../../errors.js';

/** What a connection does with a topic. */
export type Direction = 'in' | 'out' | 'bi' | 'session';

/** A path that names a topic. */
export interface TopicPath {
  readonly direction: Direction;
  /** The topic's name, without slashes around it. */
  readonly topic: string;
  /** `/<way>/<topic>`: the path that crossbar's tokens are for. */
  readonly path: string;
}

const MAX_TOPIC_LENGTH = 200;
const SEGMENT = /^[A-Za-z0-9._-]+$/;

/** Why this is not a valid topic name; `null`: it is. */
export function topicFault(topic: string): string | null {
  const isGood =
    topic.length > 0 &&
    topic.length <= MAX_TOPIC_LENGTH &&
    topic.split('/').every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..');
  return isGood
    ? null
    : `accepted: 1 to ${MAX_TOPIC_LENGTH} characters, segments of A-Z a-z 0-9 . _ - separated by "/" (none "." or "..")`;
}

/**
 * Parses a decoded path without query; `null`: it is not a topic path. Throws {@link RuleError} for an invalid topic
 * name.
 */
export function parseTopicPath(path: string): TopicPath | null {
  const [, given, topic = ''] = /^\/(in|out|bi|session)\/(.*)$/s.exec(path) ?? [];
  return given === undefined ? null : topicPath(given as Direction, topic); // the expression allows no other
}

/** The path of a topic; one slash at the end of `given` is ignored. Throws {@link RuleError} for an invalid topic name. */
export function topicPath(direction: Direction, given: string): TopicPath {
  const topic = given.replace(/\/$/, ''); // also one that was encoded as %2F
  const fault = topicFault(topic);
  if (fault !== null) throw new RuleError('ERR_BAD_TOPIC', `the topic in the path is not valid: ${fault}`);
  return { direction, topic, path: `/${direction}/${topic}` };
}

/** The topic that a path belongs to: `/bi` has topics of its own, the other paths share theirs. */
export function topicNameOf({ direction, topic }: TopicPath): string {
  return direction === 'bi' ? `bi/${topic}` : topic;
}
