// How processor time grows with input: twice as much may take three times as long, best of five. Whatever takes time in
// proportion to the square of its input takes four times as long.

/** Something that is given input of a size. */
export interface Case {
  readonly name: string;
  /** About so many bytes or characters; twice as many are given too. */
  readonly size: number;
  /** Makes the input, which is not measured; what comes back takes it, which is. */
  readonly prepare: (size: number) => () => unknown;
}

/** A case whose input is a text. */
export function textCase(
  name: string,
  size: number,
  make: (size: number) => string,
  take: (text: string) => unknown,
): Case {
  let made = { length: NaN, bytes: Buffer.alloc(0) };
  const prepare = (length: number) => {
    if (made.length !== length) made = { length, bytes: Buffer.from(make(length), 'latin1') };
    // In one piece, and anew for each run: V8 puts texts together when they are read, and remembers what came of a text.
    const text = made.bytes.toString('latin1');
    return () => take(text);
  };
  return { name, size, prepare };
}

/** What came of a case. */
export interface Growth {
  readonly name: string;
  /** How often the first time the second is. */
  readonly times: number;
  readonly firstMs: number;
}

/** More than this is too much. */
export const MOST_TIMES = 3;
/** The best of so many rounds counts; no more than the least are needed where all is well. */
const LEAST_ROUNDS = 2;
const MOST_ROUNDS = 5;
/** A round of the smaller input takes at least so long: less cannot be told from noise. */
const LEAST_MS = 0.5;
const MOST_REPEATS = 512;
const MOST_AGAIN = 2;

/** Processor time of so many runs, each with input of its own: V8 remembers what came of a text. */
async function timeOf({ prepare }: Case, size: number, repeats: number): Promise<number> {
  const runs = Array.from({ length: repeats }, () => prepare(size));
  const before = process.cpuUsage();
  for (const run of runs) {
    const taken = run();
    if (taken instanceof Promise) await taken;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Measures a case; anew where it seems to be too much: what takes the square of its input does so every time. */
export async function growthOf(one: Case): Promise<Growth> {
  let growth = await growthOnce(one);
  for (let again = 0; again < MOST_AGAIN && growth.times > MOST_TIMES; again++) growth = await growthOnce(one);
  return growth;
}

async function growthOnce(one: Case): Promise<Growth> {
  const { name, size } = one;
  let repeats = 1;
  let firstMs = await timeOf(one, size, repeats);
  while (repeats < MOST_REPEATS && firstMs < LEAST_MS) {
    const wanted = Math.ceil((repeats * LEAST_MS) / Math.max(firstMs, LEAST_MS / MOST_REPEATS));
    repeats = Math.min(MOST_REPEATS, Math.max(2 * repeats, wanted));
    firstMs = await timeOf(one, size, repeats);
  }
  let secondMs = await timeOf(one, 2 * size, repeats);
  // A second that took long by chance seems to be too much, not too little: it is measured again where it does.
  for (let round = 1; round < MOST_ROUNDS && secondMs >= LEAST_MS; round++) {
    firstMs = Math.min(firstMs, await timeOf(one, size, repeats));
    if (round + 1 >= LEAST_ROUNDS && secondMs / firstMs < 0.9 * MOST_TIMES) break;
    secondMs = Math.min(secondMs, await timeOf(one, 2 * size, repeats));
  }
  // Where even so many runs take no time, there is nothing to be compared but noise.
  return { name, times: secondMs / Math.max(firstMs, LEAST_MS), firstMs: firstMs / repeats };
}
