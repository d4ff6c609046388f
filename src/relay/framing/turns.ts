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

  /** Has all of it done in later turns. */
  queue(work: Steps): void {
    this.#queue.push(work);
    this.watch();
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

/** What all connections together may do in one turn of the event loop without taking turns: so many units of something. */
export class FreePass {
  #turn = -1; // that #taken belongs to
  #taken = 0;

  constructor(
    private readonly turns: Turns,
    private readonly most: number,
  ) {}

  /** Takes so many of this turn's units; returns whether they were there. */
  take(units: number): boolean {
    if (this.#turn !== this.turns.number) {
      this.#turn = this.turns.number;
      this.#taken = 0;
    }
    this.turns.watch();
    if (this.#taken + units > this.most) return false;
    this.#taken += units;
    return true;
  }

  /** Does `work` now if there is a unit left in this turn; otherwise in a later one. */
  takeOrQueue(work: () => void): void {
    if (this.take(1)) {
      work();
      return;
    }
    const step = (): StepResult => {
      work();
      return 'done';
    };
    this.turns.queue({ step });
  }
}
