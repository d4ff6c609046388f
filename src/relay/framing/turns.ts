// Shares the event loop out among connections that have more to be done than a moment's work. All of them together get a
// few milliseconds of each turn of the loop, one step each in rotation, so that everybody else is served in between.

/** Work that is done in steps. */
export interface Steps {
  /** Does one short step. */
  step(): StepResult;
}

/** What a step leaves: more to do, nothing, or something that has to be waited for (it takes its turn again itself). */
export type StepResult = 'more' | 'done' | 'waiting';

/** What all steps of one turn of the event loop may take together. */
const TURN_MS = 2;

/** The queue of one thread: see {@link turns}. */
export class Turns {
  /** Goes up with the event loop's turns, as long as {@link watch} or {@link take} asks for it. */
  number = 0;
  #spentMs = 0; // of this turn
  #isArmed = false;
  #queue: Steps[] = [];
  readonly #next = () => this.#begin();

  constructor(private readonly turnMs = TURN_MS) {}

  /** {@link number} is another one when the event loop has come round. */
  watch(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    setImmediate(this.#next);
  }

  /** Does what there is time for now; the rest is done in later turns. Returns whether all is done. */
  take(work: Steps): boolean {
    this.watch();
    let result: StepResult = 'more';
    while (result === 'more' && this.#spentMs < this.turnMs) result = this.#timed(work);
    if (result === 'more') this.#queue.push(work);
    return result === 'done';
  }

  #begin(): void {
    this.number++;
    this.#isArmed = false;
    this.#spentMs = 0;
    while (this.#queue.length > 0) {
      const round = this.#queue;
      this.#queue = [];
      for (const [i, work] of round.entries()) {
        if (this.#spentMs >= this.turnMs) {
          this.#queue = [...round.slice(i), ...this.#queue];
          this.watch();
          return;
        }
        if (this.#timed(work) === 'more') this.#queue.push(work);
      }
    }
  }

  #timed(work: Steps): StepResult {
    const before = performance.now();
    const result = work.step();
    this.#spentMs += performance.now() - before;
    return result;
  }
}

/** The one that all connections share. */
export const turns = new Turns();
