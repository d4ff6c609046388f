// Where a state file is, and the files beside it. A symbolic link is followed: what it points to is replaced, not the link.

import { constants, type Stats } from 'node:fs';
import { access, lstat, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { codeOf, diskErrorText } from './disk-errors.js';

/** The links that a path may go through, as Linux has it. */
const MAX_LINKS = 40;

/** A path at which no state can be kept. `message` says why, and what is accepted. */
export class StatePathError extends Error {
  override readonly name = 'StatePathError';
}

/** A state file and what belongs to it, all in one folder. */
export interface StatePaths {
  readonly folder: string;
  readonly file: string;
  /** The version before the current one. */
  readonly previous: string;
  /** The next version, while it is written. */
  readonly next: string;
  readonly lock: string;
}

/** The paths for a setting. Throws {@link StatePathError} if there is no such folder, or something else than a file. */
export async function statePaths(given: string): Promise<StatePaths> {
  const path = await followLinks(resolve(given));
  let folder: string;
  try {
    folder = await realpath(dirname(path));
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
  } catch (cause) {
    throw new StatePathError(
      `the folder of VW_STATE="${given}" cannot be used: ${diskErrorText(cause)}; accepted: a file in a folder that exists`,
      { cause },
    );
  }
  const file = join(folder, basename(path));
  const status = await statusOf(file);
  if (status !== null && !status.isFile()) {
    const what = status.isDirectory() ? 'a folder' : 'a device, pipe or socket';
    throw new StatePathError(`VW_STATE="${given}" is ${what}; accepted: a file, which need not exist yet`);
  }
  return { folder, file, previous: `${file}.previous`, next: `${file}.new`, lock: `${file}.lock` };
}

/** Why rules could not be saved there; null: they could. Changes nothing. */
export async function writeFault({ folder }: StatePaths): Promise<string | null> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return `its folder ${folder} cannot be written: ${diskErrorText(error)}`;
  }
}

async function statusOf(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw new StatePathError(`the file of VW_STATE, ${path}, cannot be used: ${diskErrorText(error)}`, {
      cause: error,
    });
  }
}

/** What a link points to, whether it is there or not. */
async function followLinks(path: string): Promise<string> {
  let end = path;
  for (let i = 0; i < MAX_LINKS; i++) {
    let target: string;
    try {
      target = await readlink(end);
    } catch {
      return end; // no link, or nothing
    }
    end = resolve(dirname(end), target);
  }
  throw new StatePathError(`VW_STATE="${path}" cannot be used: its symbolic links go in a circle`);
}
