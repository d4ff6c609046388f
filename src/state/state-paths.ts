// Where a state file is, and the files beside it. A symbolic link is followed: what it points to is replaced, not the link.

import { constants, type Stats } from 'node:fs';
import { access, lstat, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { codeOf, diskErrorText, isDenied, kindOf } from './disk-errors.js';

/** The links that a path may go through, as Linux has it. */
const MAX_LINKS = 40;
/** The longest that is added to the name: a damaged previous version's. */
const LONGEST_SUFFIX = '.previous.damaged-20260101000000-99';

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
  const paths = { folder, file, previous: `${file}.previous`, next: `${file}.new`, lock: `${file}.lock` };
  const status = await statusOf(file, given);
  if (status !== null && !status.isFile())
    throw new StatePathError(
      `VW_STATE="${given}" is ${kindOf(status)}; accepted: a file, which need not exist yet, in a folder`,
    );
  await statusOf(`${file}${LONGEST_SUFFIX}`, given);
  for (const path of [paths.previous, paths.next, `${paths.previous}.new`]) {
    const status = await statusOf(path, given);
    if (status === null || status.isFile()) continue;
    throw new StatePathError(
      `VW_STATE="${given}" cannot be used: vw needs the name ${path}, which is ${kindOf(status)}; accepted: another file, or move that away`,
    );
  }
  if (await isMountPoint(file)) throw new StatePathError(mountedText(paths));
  return paths;
}

/** What is wrong with a file that is mounted by itself, as by `docker run -v file:file`. */
export function mountedText({ file, folder }: Pick<StatePaths, 'file' | 'folder'>): string {
  return `the file of VW_STATE, ${file}, is mounted by itself, so it cannot be replaced; accepted: a file in a folder that is mounted, so mount a folder at ${folder} instead`;
}

/** The mount points in the text of /proc/self/mountinfo, proc_pid_mountinfo(5). */
export function mountPoints(text: string): string[] {
  const points = text.split('\n').flatMap((line) => line.split(' ')[4] ?? []);
  return points.map((point) =>
    point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
  );
}

async function isMountPoint(path: string): Promise<boolean> {
  return mountPoints(await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')).includes(path);
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

/** null: there is nothing, or the disk fails, which is no fault of the setting. */
async function statusOf(path: string, given: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (cause) {
    if (codeOf(cause) === 'ENAMETOOLONG') {
      const advice = `vw adds up to ${LONGEST_SUFFIX.length} characters for the files beside it; accepted: a shorter one`;
      throw new StatePathError(`VW_STATE="${given}" cannot be used: its name is too long: ${advice}`, { cause });
    }
    if (!isDenied(cause)) return null;
    throw new StatePathError(`the file of VW_STATE, ${path}, cannot be used: ${diskErrorText(cause)}`, { cause });
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
