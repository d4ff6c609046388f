// Finds the existing name that is closest to an unknown one.

/** Names that differ by more than a third are different names, not misspellings. */
const MAX_EDIT_RATIO = 1 / 3;

/** The name closest to `given`; null: none is close. Case, `-` and `_` are ignored. */
export function closestName(given: string, names: readonly string[]): string | null {
  const plain = (name: string) => name.toLowerCase().replace(/[-_]/g, '').slice(0, 60);
  const wanted = plain(given);
  let best: string | null = null;
  let least = Math.max(1, Math.floor(wanted.length * MAX_EDIT_RATIO)) + 1;
  for (const name of names) {
    const distance = editDistance(wanted, plain(name));
    if (distance >= least) continue;
    least = distance;
    best = name;
  }
  return best;
}

/** The Levenshtein distance: insertions, deletions and replacements. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
