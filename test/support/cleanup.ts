// Closes what a test has opened, whether it passed or not.

type Close = () => unknown;

const owned: Close[] = [];

/** `close` runs when the test that calls this has ended; what was opened last is closed first. */
export function afterTest(close: Close): void {
  owned.push(close);
}

/** Closes everything: after each test (see hooks.ts), and at the end of what is no test, soaks and benchmarks. */
export async function closeAll(): Promise<void> {
  for (let close = owned.pop(); close; close = owned.pop()) await close();
}
