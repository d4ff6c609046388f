// The program's version, from its package.json.

import { readFileSync } from 'node:fs';

/** The version of this program, e.g. `1.2.3`. */
export function readVersion(): string {
  // One folder up from src/; two from dist/cmd, where this file is bundled to.
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const manifest = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version?: string };
      if (manifest.version !== undefined) return manifest.version;
    } catch {
      // not here: try the next
    }
  }
  return 'unknown';
}
