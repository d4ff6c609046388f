// Waiting for what no event tells: polls until it is so, or fails and says what did not happen.

/** Resolves as soon as `isSo` holds; rejects after `withinMs` with `what`. */
export async function until(what: string, isSo: () => unknown, withinMs = 15_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(5);
  }
}

/** A window of time in which a test watches: only for facts that are about time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
