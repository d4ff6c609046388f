// Schedules connections that have much work pending. Together they get a few milliseconds of each turn of the event loop,
// one step each in rotation, so that all other connections are served in between.

/** Work that is done in steps. */
export interface Steps {
  /** Does one short step. */
  step(): StepResult;
}

/** What remains after a step: more work, none, or work that waits for something (and queues itself again). */
export type StepResult = 'more' | 'done' | 'waiting';

/** The total time of all steps in one turn of the event loop. */
const TURN_MS = 2;

/** The queue of one thread: see {@link turns}. */
export class Turns {
  /** Increases with the event loop's turns, as long as {@link watch} or {@link run} requests it. */
  number = 0;
  #spentMs = 0; // of this turn
  #isArmed = false;
  #queue: Steps[] = [];
  readonly #next = () => this.#startTurn();

  constructor(private readonly turnMs = TURN_MS) {}

  /** Makes {@link number} increase with the next turn of the event loop. */
  watch(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    setImmediate(this.#next);
  }

  /** Does as much as time permits now, the rest in later turns. Returns whether all is done. */
  run(work: Steps): boolean {
    this.watch();
    let result: StepResult = 'more';
    while (result === 'more' && this.#spentMs < this.turnMs) result = this.#timed(work);
    if (result === 'more') this.#queue.push(work);
    return result === 'done';
  }

  /** Does all of it in later turns. */
  queue(work: Steps): void {
    this.#queue.push(work);
    this.watch();
  }

  #startTurn(): void {
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

/** The instance that all connections share. */
export const turns = new Turns();

/** What all connections together may do in one turn of the event loop without taking turns: so many units of something. */
export class FreeAllowance {
  #turn = -1; // that #taken belongs to
  #spent = 0;

  constructor(
    private readonly turns: Turns,
    private readonly most: number,
  ) {}

  /** Takes so many of this turn's units; returns whether they were there. */
  spend(units: number): boolean {
    if (this.#turn !== this.turns.number) {
      this.#turn = this.turns.number;
      this.#spent = 0;
    }
    this.turns.watch();
    if (this.#spent + units > this.most) return false;
    this.#spent += units;
    return true;
  }

  /** Does `work` now if there is a unit left in this turn; otherwise in a later one. */
  spendOrQueue(work: () => void): void {
    if (this.spend(1)) {
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
