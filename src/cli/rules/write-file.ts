// Replaces a file atomically, also in case of a power cut.

import { open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes `text` to `path`; anything but a regular file (`/dev/stdout`) is written to directly. Throws the system's
 * errors.
 */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  const before = await stat(path).catch(() => null);
  if (before !== null && !before.isFile()) {
    await writeFile(path, text);
    return;
  }
  const target = before === null ? path : await realpath(path); // a symbolic link stays one
  const draft = join(dirname(target), `.${basename(target)}.${process.pid}`);
  try {
    const file = await open(draft, 'wx', before === null ? 0o666 : before.mode & 0o777);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
