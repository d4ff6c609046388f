// Finds the name that was probably meant. Pure.

/** The most edits: letters left out, added, changed, or swapped with their neighbour. */
const MAX_EDITS = 2;

/**
 * The name nearest to `name` among others; `null` if none is near: one edit in three letters, two at most. If there is
 * none, one that differs only in leading segments: `video` and `demo/video`.
 */
export function similarName(name: string, others: Iterable<string>): string | null {
  let nearest: string | null = null;
  let least = Math.min(MAX_EDITS, Math.max(1, Math.floor(name.length / 3))) + 1;
  for (const other of others) {
    if (other === name) continue;
    const edits = editsBetween(name.toLowerCase(), other.toLowerCase());
    // Where every letter is another, nothing is alike: `x` is not a misspelt `a`.
    if (edits >= least || edits >= Math.min(name.length, other.length)) continue;
    nearest = other;
    least = edits;
  }
  if (nearest !== null) return nearest;
  for (const other of others) if (other.endsWith(`/${name}`) || name.endsWith(`/${other}`)) return other;
  return null;
}

/** Whether two names differ only in their numbers, as those of two cameras do: neither is misspelt. */
export function areSiblings(a: string, b: string): boolean {
  const plain = (name: string) => name.replace(/\d+/g, '0');
  return plain(a) === plain(b);
}

/**
 * The edit distance of two texts (optimal string alignment), at most {@link MAX_EDITS} + 1. Only cells that close to the
 * diagonal are computed, so that long names cost little.
 */
function editsBetween(a: string, b: string): number {
  const tooMany = MAX_EDITS + 1;
  if (Math.abs(a.length - b.length) > MAX_EDITS) return tooMany;
  let [older, old] = [rowOf(b.length), rowOf(b.length)];
  for (let j = 0; j <= Math.min(b.length, MAX_EDITS); j++) old[j] = j;
  for (let i = 1; i <= a.length; i++) {
    const row = rowOf(b.length);
    if (i <= MAX_EDITS) row[0] = i;
    for (let j = Math.max(1, i - MAX_EDITS); j <= Math.min(b.length, i + MAX_EDITS); j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        old[j - 1]! + (isSame ? 0 : 1),
        old[j]! + 1,
        row[j - 1]! + 1,
        isSwapped ? older[j - 2]! + 1 : tooMany,
      );
    }
    [older, old] = [old, row];
  }
  return Math.min(old[b.length]!, tooMany);
}

function rowOf(length: number): Uint8Array {
  return new Uint8Array(length + 1).fill(MAX_EDITS + 1);
}
