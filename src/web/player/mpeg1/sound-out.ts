// Plays decoded sound frame by frame through Web Audio, with as little delay as possible.

/** How far ahead a frame is scheduled when sound begins; it grows with each gap, as far as MAX_LEAD. Seconds. */
const FIRST_LEAD = 0.04;
const MAX_LEAD = 0.3;
const LEAD_STEP = 0.03;
/** A piece that arrives while more than this is queued beyond the lead is dropped: all sound would stay late. */
const MAX_QUEUE = 0.2;

/** The output for jsmpeg's sound. */
export class SoundOut {
  /** Required by jsmpeg; not used for control. */
  readonly enqueuedTime = 0;
  readonly #context: AudioContext;
  readonly #gain: GainNode;
  /** Whether anything has been played. */
  hasPlayed = false;
  #until = 0;
  #lead = FIRST_LEAD;

  constructor(context: AudioContext) {
    this.#context = context;
    this.#gain = context.createGain();
    this.#gain.connect(context.destination);
  }

  /** Whether to play another piece of sound (a PES packet): as a whole, however long it is, or not at all. */
  get hasRoom(): boolean {
    const { state, currentTime } = this.#context;
    return state === 'running' && this.#until <= currentTime + this.#lead + MAX_QUEUE;
  }

  play(sampleRate: number, left: Float32Array, right: Float32Array): void {
    const now = this.#context.currentTime;
    if (this.#context.state !== 'running') return;
    this.hasPlayed = true;
    if (this.#until < now) {
      if (this.#until > 0) this.#lead = Math.min(this.#lead + LEAD_STEP, MAX_LEAD);
      this.#until = now + this.#lead;
    }
    const buffer = this.#context.createBuffer(2, left.length, sampleRate);
    buffer.getChannelData(0).set(left);
    buffer.getChannelData(1).set(right);
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#gain);
    source.start(this.#until);
    this.#until += buffer.duration;
  }

  /** Stops all scheduled sound. */
  close(): void {
    this.#gain.disconnect();
  }
}
