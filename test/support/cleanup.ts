// What a test opens is closed after it, whether it passed or not.

type Close = () => unknown;

const owned: Close[] = [];

/** `close` runs when the test that calls this has ended; what was opened last is closed first. */
export function afterTest(close: Close): void {
  owned.push(close);
}

/** Closes everything: for what is no test, soaks and benchmarks. */
export async function closeAll(): Promise<void> {
  for (let close = owned.pop(); close; close = owned.pop()) await close();
}

if ('afterEach' in globalThis) afterEach('closes what the test opened', closeAll);
