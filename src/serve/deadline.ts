// A timer for a time that may be far: Node's own takes more than 24.8 days (2^31 ms) for no time at all.

const LONGEST_MS = 2 ** 31 - 1;

/** Calls `reached` at `atMs` (milliseconds since 1970), never for Infinity. Returns what calls it off. */
export function atTime(atMs: number, reached: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    const leftMs = atMs - Date.now();
    if (leftMs <= 0) reached();
    else timer = setTimeout(wait, Math.min(leftMs, LONGEST_MS)).unref();
  };
  if (atMs !== Infinity) wait();
  return () => clearTimeout(timer);
}
