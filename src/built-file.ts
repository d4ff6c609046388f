// Locates files that `npm run build` makes and the program reads at run time.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of a file of dist/: `name` is e.g. `web/main.js`. The file may be missing, where nothing was built. */
export function builtFile(name: string): string {
  const beside = fileURLToPath(new URL(`../${name}`, import.meta.url)); // from dist/cmd, where this is bundled to
  return existsSync(beside) ? beside : fileURLToPath(new URL(`../dist/${name}`, import.meta.url)); // from the sources
}
