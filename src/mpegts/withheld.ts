// What a mute of the sound withholds, by PID, for those who want to know why something is not there.
// Pure: no clock, no I/O.

import { DAMAGED, MID_UNIT, REASONS, type SoundJudge, type Why } from './sound-judge.js';

/** The most PIDs that are told. */
const MOST_PIDS = 64;

/** What is withheld of one PID. */
export interface WithheldTrack {
  readonly pid: number;
  /** As its PMT says; `null`: none lists it. */
  readonly streamType: number | null;
  /** Why, for people. */
  readonly why: string;
  /** Packets since the mute, or since the PMT said something else. */
  readonly packets: number;
}

interface Note {
  why: Why;
  packets: number;
}

export class Withheld {
  readonly #notes = new Map<number, Note>();
  #pid = -1; // of the packet before: the next is most likely of the same
  #note: Note | null = null;

  clear(): void {
    this.#notes.clear();
    this.#pid = -1;
    this.#note = null;
  }

  /** A packet was withheld. */
  add(pid: number, why: Why): void {
    if (pid !== this.#pid) {
      this.#pid = pid;
      this.#note = this.#notes.get(pid) ?? null;
    }
    if (this.#note === null) {
      // Half a unit, or a damaged packet, is withheld of pictures too.
      if (why === MID_UNIT || why === DAMAGED || this.#notes.size >= MOST_PIDS) return;
      this.#note = { why, packets: 0 };
      this.#notes.set(pid, this.#note);
    }
    this.#note.packets++;
    if (why !== MID_UNIT && why !== DAMAGED) this.#note.why = why;
  }

  /** What is withheld now, by PID. */
  list(judge: SoundJudge): WithheldTrack[] {
    return [...this.#notes]
      .filter(([pid]) => judge.isWithheld(pid))
      .sort(([a], [b]) => a - b)
      .map(([pid, { why, packets }]) => {
        return { pid, streamType: judge.trackOf(pid)?.streamType ?? null, why: REASONS[why]!, packets };
      });
  }
}
