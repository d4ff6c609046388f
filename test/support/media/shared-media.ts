// Transport streams of other projects that show what ffmpeg does not make. They stand beside the project, not in it.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = new URL('../../../../shared/media/', import.meta.url);

/** The bytes of one of these files; an error that says where it is looked for, where it is not there. */
export function sharedMedia(name: string): Buffer {
  const path = fileURLToPath(new URL(name, FOLDER));
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`the media file ${name} is missing: it is looked for at ${path}`, { cause });
  }
}
