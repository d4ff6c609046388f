// The unit of relaying: whole packets of one source, or an opaque message.

import type { ProgramFacts } from '../mpegts/splice/splicer.js';

/** What a message carries: transport packets, or a text or binary message that the relay does not interpret. */
export type MessageKind = 'ts' | OpaqueKind;
/** What a WebSocket message is that is not relayed as transport packets (RFC 6455 §5.6). */
export type OpaqueKind = 'text' | 'binary';

/** Information about a message's packets. */
export interface TsFacts {
  /** Offset of the first random access point; -1 if there is none. */
  readonly accessPointOffset: number;
  /** Whether a source begins with this message. */
  readonly startsSource: boolean;
  /** What is known of the program, as of the end of this message; it changes with later ones. */
  readonly facts?: ProgramFacts | null;
  /** Whether it has the tables of a muted program and nothing else: readers that have not started get it, too. */
  readonly isMutedTables?: boolean;
}

const OPAQUE_FACTS: TsFacts = { accessPointOffset: -1, startsSource: false, facts: null };

/**
 * One message on its way, made by a feed or a stream and shared by all who take it. `data` is lent: it is good while
 * `write` runs and must not be written to. Nearly every message is on the wire when `write` returns, and memory taken
 * for each of them would cost more in garbage collection than relaying them does. To keep it longer, call `keep`.
 */
export class Message {
  readonly kind: MessageKind;
  /** 'ts': whole packets, `length % 188 === 0`, each beginning with 0x47; 'text': UTF-8. */
  readonly data: Uint8Array;
  readonly accessPointOffset: number;
  readonly startsSource: boolean;
  readonly facts: ProgramFacts | null;
  readonly isMutedTables: boolean;
  #kept: Uint8Array | null = null;

  constructor(kind: MessageKind, data: Uint8Array, facts: TsFacts = OPAQUE_FACTS) {
    this.kind = kind;
    this.data = data;
    this.accessPointOffset = facts.accessPointOffset;
    this.startsSource = facts.startsSource;
    this.facts = facts.facts ?? null;
    this.isMutedTables = facts.isMutedTables ?? false;
  }

  /** A message of packets in immutable memory: readers need not copy them. */
  static lasting(data: Uint8Array): Message {
    const message = new Message('ts', data);
    message.#kept = data;
    return message;
  }

  /** Whether the data is in immutable memory. */
  get isLasting(): boolean {
    return this.#kept === this.data;
  }

  /** The data for as long as it is wanted: one copy, shared by all who keep the message. */
  keep(): Uint8Array {
    return (this.#kept ??= new Uint8Array(this.data)); // not slice(): a Buffer's is a view
  }
}
