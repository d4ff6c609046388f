// Waiting for what no event tells: polls until it is so, or fails and says what did not happen.

/** Far more than anything takes on a machine that is busy with something else: only what never comes is waited for so long. */
const WITHIN_MS = 30_000;

/** Resolves as soon as `isSo` holds; rejects after `withinMs` with `what`, which is asked then if it is a function. */
export async function until(what: string | (() => string), isSo: () => unknown, withinMs = WITHIN_MS): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadline)
      throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`);
    await pause(5);
  }
}

/** A window of time in which a test watches: only for facts that are about time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
