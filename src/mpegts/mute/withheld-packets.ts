// Records by PID what an audio mute withholds, so that status reports can explain missing tracks.
// Pure: no clock, no I/O.

import { DAMAGED, MID_UNIT, REASONS, type SoundClassifier, type WithheldReason } from './sound-classifier.js';

/** The most PIDs that are reported. */
const MAX_PIDS = 64;

/** The withheld packets of one PID. */
export interface WithheldTrack {
  readonly pid: number;
  /** stream_type in the PMT; `null`: no PMT lists the PID. */
  readonly streamType: number | null;
  /** The reason as text. */
  readonly reason: string;
  /** Packets withheld since the mute, or since the PMT's entry changed. */
  readonly packets: number;
}

interface WithheldCount {
  reason: WithheldReason;
  packets: number;
}

export class WithheldPackets {
  readonly #counts = new Map<number, WithheldCount>();
  #pid = -1; // of the previous packet: the next usually has the same
  #currentCount: WithheldCount | null = null;

  clear(): void {
    this.#counts.clear();
    this.#pid = -1;
    this.#currentCount = null;
  }

  /** Counts a withheld packet. */
  add(pid: number, reason: WithheldReason): void {
    if (pid !== this.#pid) {
      this.#pid = pid;
      this.#currentCount = this.#counts.get(pid) ?? null;
    }
    if (this.#currentCount === null) {
      // Partial units and damaged packets are withheld of video, too.
      if (reason === MID_UNIT || reason === DAMAGED || this.#counts.size >= MAX_PIDS) return;
      this.#currentCount = { reason: reason, packets: 0 };
      this.#counts.set(pid, this.#currentCount);
    }
    this.#currentCount.packets++;
    if (reason !== MID_UNIT && reason !== DAMAGED) this.#currentCount.reason = reason;
  }

  /** The tracks that are withheld now, by PID. */
  list(judge: SoundClassifier): WithheldTrack[] {
    return [...this.#counts]
      .filter(([pid]) => judge.isWithheld(pid))
      .sort(([a], [b]) => a - b)
      .map(([pid, { reason, packets }]) => {
        return { pid, streamType: judge.trackOf(pid)?.streamType ?? null, reason: REASONS[reason]!, packets };
      });
  }
}
