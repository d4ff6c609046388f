// The far end's limits in one place: what configuration may change, with the defaults.

import { DEFAULT_LIMITS, type Limits } from '../relay/limits.js';

/** Every limit of serving; times in milliseconds. */
export interface ServeLimits extends Limits {
  /** Topics at a time. */
  readonly maxTopics: number;
  /** WebSockets that watch one topic. */
  readonly maxTopicClients: number;
  /** WebSockets that publish to one topic; of more, one gives way: see `TopicSeats`. */
  readonly maxTopicPublishers: number;
  /** WebSockets from one address, as a trusted proxy tells it, that have been let in. */
  readonly maxAddressClients: number;
  /** WebSockets that have not shown their token yet; the oldest of the address with most gives way. */
  readonly maxUnauthorised: number;
  /** How long a WebSocket may be there before its token came. */
  readonly tokenTimeoutMs: number;
  /** Refused tokens and codes from one address in a minute; then another that does not fit is not explained. */
  readonly maxRefusals: number;
  /** How long a one-time code is good. */
  readonly codeMs: number;
}

export const DEFAULT_SERVE_LIMITS: ServeLimits = {
  ...DEFAULT_LIMITS,
  maxTopics: 1000,
  maxTopicClients: 2000,
  maxTopicPublishers: 10,
  maxAddressClients: 1000,
  maxUnauthorised: 500,
  tokenTimeoutMs: 10_000,
  maxRefusals: 30,
  codeMs: 30_000, // as practable's relay has it
};
