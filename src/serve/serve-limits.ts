// The limits of `vw serve` in one place: what configuration may change, with the defaults.

import { DEFAULT_LIMITS, type Limits } from '../relay/limits.js';

/** Every limit of serving; times in milliseconds. */
export interface ServeLimits extends Limits {
  /** Topics at a time. */
  readonly maxTopics: number;
  /** WebSockets that view one topic. */
  readonly maxTopicClients: number;
  /** WebSockets that publish to one topic; beyond it one of them is closed: see `TopicClientLimit`. */
  readonly maxTopicPublishers: number;
  /** Authorised WebSockets from one address (as reported by a trusted proxy, if there is one). */
  readonly maxAddressClients: number;
  /** WebSockets that have not sent their token; beyond it the oldest of the address with most is closed. */
  readonly maxUnauthorised: number;
  /** How long a WebSocket may take to send its token. */
  readonly tokenTimeoutMs: number;
  /** Refused tokens and codes from one address in a minute; after that, refusals give no reason. */
  readonly maxRefusals: number;
  /** How long a one-time code is valid. */
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
  codeMs: 30_000, // as in practable's relay
};
