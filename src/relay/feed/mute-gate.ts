// The mute of one feed: what of its messages passes, and the tables that announce it.

import { filteredFacts } from '../../mpegts/mute/filtered-facts.js';
import type { Inspector } from '../../mpegts/inspect/inspector.js';
import { isTransportStream } from '../../mpegts/packet/is-transport-stream.js';
import { type MutedPart, MuteFilter } from '../../mpegts/mute/mute-filter.js';
import type { ProgramFacts } from '../../mpegts/splice/splicer.js';
import type { WithheldTrack } from '../../mpegts/mute/withheld-packets.js';
import { Message, type MessageKind } from '../message.js';
import type { MutedBinary, MutedTracks } from '../rules/mute-rule.js';

/**
 * Under a mute of everything the tables go on, so that readers can tell it from a dead source. They are sent with messages that
 * come this long after the last ones, which of 25 pictures a second makes 80 ms: at least every 100 ms while media flows.
 */
const TABLES_MS = 60;

/** Applies the mute to what one feed publishes. */
export class MuteGate {
  /** Opaque messages that were withheld. */
  withheldMessages = 0;
  #muted: MutedTracks | null = null;
  #binary: MutedBinary = 'drop';
  #startedMuted = false; // a source started, and none of its packets has passed the mute yet
  #filter: MuteFilter | null = null; // from the first mute on
  #facts: ProgramFacts | null = null; // of what passes
  #tablesAtMs = -Infinity;

  /** What is muted; `null`: nothing. */
  get muted(): MutedTracks | null {
    return this.#muted;
  }

  /** What a mute of the sound does with binary messages; `null`: there is no mute. */
  get binary(): MutedBinary | null {
    return this.#muted === null ? null : this.#muted === 'all' ? 'drop' : this.#binary;
  }

  /** The tracks that a mute of the sound withholds. */
  get withheld(): WithheldTrack[] {
    return this.#filter?.withheld ?? [];
  }

  /** Whether everything passes unchanged, and always did. */
  get isUnused(): boolean {
    return this.#filter === null;
  }

  /**
   * Sets what is muted; in force on return. `known`: the state of the source; `null`: there is none. Returns the tables that announce
   * the change, or `null`.
   */
  set(muted: MutedTracks | null, binary: MutedBinary, known: Inspector | null): Message | null {
    const hasChanged = muted !== this.#muted;
    this.#muted = muted;
    this.#binary = binary;
    if (muted !== null) this.#filter ??= new MuteFilter();
    if (!hasChanged || this.#filter === null) return null;
    this.#filter.mute(muted satisfies MutedPart, known);
    return known && this.#announce(this.#filter, known, performance.now());
  }

  /** Another source starts. */
  restart(): void {
    this.#filter?.restart();
  }

  /** Whether an opaque message is withheld; counts it if so. Binary messages may be sound. */
  withholds(kind: MessageKind, data: Uint8Array): boolean {
    if (this.#muted === null || (this.#muted === 'audio' && kind === 'text')) return false;
    // TS packets in an opaque message are not parsed here: they are always withheld.
    if (this.binary === 'pass' && !isTransportStream(data)) return false;
    this.withheldMessages++;
    return true;
  }

  /** What passes of a message that `inspector` has read: only what is known not to be muted; `null`: nothing. */
  filter(message: Message, inspector: Inspector): Message | null {
    const filter = this.#filter;
    if (filter === null) return message;
    const data = filter.apply(message.data, message.accessPointOffset, inspector.opening, inspector.undecidedAt);
    const startsSource = message.startsSource || this.#startedMuted;
    this.#startedMuted = startsSource && data === null;
    if (data === message.data) return message;
    const isMutedTables = this.#muted === 'all'; // nothing else passes
    if (data === null) return isMutedTables ? this.#announceAgain(filter, inspector) : null;
    if (isMutedTables) this.#tablesAtMs = performance.now();
    const accessPointOffset = isMutedTables ? -1 : filter.accessPointOffset;
    const facts = this.#factsOf(filter, inspector);
    return new Message('ts', data, { accessPointOffset, startsSource, facts, isMutedTables });
  }

  #announceAgain(filter: MuteFilter, inspector: Inspector): Message | null {
    const now = performance.now();
    return now - this.#tablesAtMs < TABLES_MS ? null : this.#announce(filter, inspector, now);
  }

  #announce(filter: MuteFilter, inspector: Inspector, nowMs: number): Message | null {
    const { tables } = inspector;
    const packets = tables && filter.announce(tables);
    if (packets === null) return null;
    this.#tablesAtMs = nowMs;
    const facts = this.#factsOf(filter, inspector);
    const isMutedTables = this.#muted === 'all';
    return new Message('ts', packets, { accessPointOffset: -1, startsSource: false, facts, isMutedTables });
  }

  #factsOf(filter: MuteFilter, inspector: Inspector): ProgramFacts {
    return (this.#facts ??= filteredFacts(inspector, filter));
  }
}
