// What a test opens is closed after it; what no event tells is polled for until it is so.

type Close = () => unknown;

const owned: Close[] = [];

/** `close` runs when the test that calls this has ended; what was opened last is closed first. */
export function afterTest(close: Close): void {
  owned.push(close);
}

afterEach('closes what the test opened', async () => {
  for (let close = owned.pop(); close; close = owned.pop()) await close();
});

/** Resolves as soon as `isSo` holds; rejects after `withinMs` with `what`. */
export async function until(what: string, isSo: () => unknown, withinMs = 8000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await window(5);
  }
}

/** A bounded window of time: only for facts that are about time. */
export function window(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
