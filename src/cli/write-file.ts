// Writes a file so that it is there as a whole or as it was before, also when the power goes.

import { open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Writes `text` to `path`; what is no plain file (`/dev/stdout`) is written to as it is. Throws what the system says. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const before = await stat(path).catch(() => null);
  if (before !== null && !before.isFile()) {
    await writeFile(path, text);
    return;
  }
  const target = before === null ? path : await realpath(path); // a link stays a link
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
