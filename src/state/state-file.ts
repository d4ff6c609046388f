// A state file: read at the start, with the version before it for the case that it is damaged; replaced whole at each change.
// A replacement survives a power cut once it is done: the new file is synced, renamed, and its folder synced.

import { constants } from 'node:fs';
import { copyFile, type FileHandle, link, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { codeOf, diskErrorText } from './disk-errors.js';
import { NO_RULES, type RuleSet } from '../relay/rules/rule-set.js';
import { StateLock } from './state-lock.js';
import { type StatePaths, statePaths, writeFault } from './state-paths.js';
import { decodeState, NewerVersionError } from './state-text.js';

/** Ten thousand destinations with the longest addresses and tokens have a third of this. */
const MAX_BYTES = 400 * 1024 * 1024;
/** How many damaged files are kept of each; the oldest go. */
const MAX_DAMAGED = 5;
const MODE = 0o600;
const NO_LINKS = new Set(['EPERM', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EMLINK']);

/** A file that could not be read. */
export interface DamagedFile {
  /** Where it is now. */
  readonly path: string;
  /** Why it was not read, for people. */
  readonly reason: string;
}

/** What a state file had at the start. */
export interface LoadedState {
  readonly rules: RuleSet;
  /** `nothing`: there was no file; `lost`: nothing could be read of what there was, and it is unknown what was muted. */
  readonly from: 'file' | 'previous' | 'nothing' | 'lost';
  readonly damaged: readonly DamagedFile[];
}

/** What became of reading one file. */
type Reading = { readonly rules: RuleSet } | { readonly reason: string } | null;

/** A state file that this process uses. */
export class StateFile {
  readonly #paths: StatePaths;
  readonly #lock: StateLock;
  readonly #nowMs: () => number;
  /** Whether the last write failed in a way that leaves open which rules the file has. */
  isUncertain = false;
  #isGood = false; // what is at the path now is worth keeping as the previous version

  private constructor(paths: StatePaths, nowMs: () => number) {
    this.#paths = paths;
    this.#lock = new StateLock(paths.lock);
    this.#nowMs = nowMs;
  }

  /** Throws `StatePathError` where no state can be kept. Nothing is read or locked yet. */
  static async at(path: string, nowMs: () => number = Date.now): Promise<StateFile> {
    return new StateFile(await statePaths(path), nowMs);
  }

  get path(): string {
    return this.#paths.file;
  }

  /** Locks it. Throws `LockedError`, or the system's error if nothing can be written there. */
  lock(): Promise<void> {
    return this.#lock.acquire();
  }

  /** Why rules cannot be kept here, for people; null: they can. Changes nothing. Throws {@link NewerVersionError}. */
  async fault(): Promise<string | null> {
    const current = await this.#read(this.#paths.file);
    if (current && 'reason' in current) return `${this.path} cannot be read: ${current.reason}`;
    return await writeFault(this.#paths);
  }

  /** Removes the lock. */
  close(): Promise<void> {
    return this.#lock.release();
  }

  /** Reads the rules; what cannot be read is set aside. Throws {@link NewerVersionError}, and leaves all as it is. */
  async load(): Promise<LoadedState> {
    const { file, previous } = this.#paths;
    const current = await this.#read(file);
    if (current && 'rules' in current) {
      this.#isGood = true;
      return { rules: current.rules, from: 'file', damaged: [] };
    }
    const former = await this.#read(previous);
    const damaged: DamagedFile[] = [];
    if (current) damaged.push(await this.#setAside(file, current.reason));
    if (former && 'rules' in former) return { rules: former.rules, from: 'previous', damaged };
    if (former) damaged.push(await this.#setAside(previous, former.reason));
    if (damaged.length === 0 && !(await this.#hasDamaged())) return { rules: NO_RULES, from: 'nothing', damaged };
    return { rules: { ...NO_RULES, mutesUnknown: true }, from: 'lost', damaged };
  }

  /** Replaces the file. When it rejects, the file has its former rules, or, where even that failed, the new ones. */
  async write(bytes: Buffer): Promise<void> {
    const { folder, file, next } = this.#paths;
    if (bytes.length > MAX_BYTES) throw Object.assign(new Error('too large'), { code: 'EFBIG' });
    await this.#lock.acquire();
    await rm(next, { force: true });
    let isReplaced = false;
    try {
      await writeNew(next, bytes);
      const former = await this.#keepPrevious();
      await rename(next, file);
      isReplaced = true;
      await syncFolder(folder).catch(async (error: unknown) => {
        this.isUncertain = true;
        await this.#undo(former);
        this.isUncertain = false;
        throw error;
      });
      this.#isGood = true;
      this.isUncertain = false;
    } finally {
      if (!isReplaced) await rm(next, { force: true }).catch(() => undefined);
    }
  }

  /** Makes the current file the previous version as well, if there is one. */
  async #keepPrevious(): Promise<'kept' | 'none'> {
    const { file, previous } = this.#paths;
    if (!this.#isGood) {
      await this.#moveAside(file); // it could not be set aside before
      return 'none';
    }
    const copy = `${previous}.new`;
    await rm(copy, { force: true });
    try {
      await link(file, copy);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'none'; // somebody has removed it
      if (!NO_LINKS.has(codeOf(error))) throw error;
      await copyFile(file, copy, constants.COPYFILE_EXCL);
      await syncFile(copy);
    }
    await rename(copy, previous);
    await rm(copy, { force: true }); // rename does nothing if both are the same file already
    return 'kept';
  }

  /** The new file is in place but may not outlast a power cut, and is refused: the former one takes its place again. */
  async #undo(former: 'kept' | 'none'): Promise<void> {
    const { folder, file, previous, next } = this.#paths;
    if (former === 'kept') {
      try {
        await link(previous, next);
      } catch (error) {
        if (!NO_LINKS.has(codeOf(error))) throw error;
        await copyFile(previous, next, constants.COPYFILE_EXCL);
      }
      await rename(next, file);
    } else {
      await rm(file, { force: true });
      this.#isGood = false;
    }
    await syncFolder(folder).catch(() => undefined); // it is tried again by the next write
  }

  async #read(path: string): Promise<Reading> {
    let file: FileHandle;
    try {
      file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      return codeOf(error) === 'ENOENT' ? null : { reason: diskErrorText(error) };
    }
    try {
      const status = await file.stat();
      if (!status.isFile()) return { reason: 'it is no file' };
      if (status.size > MAX_BYTES) return { reason: `it has ${status.size} bytes; accepted: up to ${MAX_BYTES}` };
      return { rules: await decodeState(await file.readFile()) };
    } catch (error) {
      if (error instanceof NewerVersionError) throw error;
      return { reason: diskErrorText(error) };
    } finally {
      await file.close().catch(() => undefined);
    }
  }

  async #setAside(path: string, reason: string): Promise<DamagedFile> {
    try {
      return { path: await this.#moveAside(path), reason };
    } catch {
      return { path, reason }; // read-only: it stays where it is
    }
  }

  /** Renames a file to `<file>.damaged-<time>`; returns its new path. Nothing there is no error. */
  async #moveAside(path: string): Promise<string> {
    const time = new Date(this.#nowMs()).toISOString().replace(/\D/g, '').slice(0, 14);
    let name = `${path}.damaged-${time}`;
    for (let i = 2; await exists(name); i++) name = `${path}.damaged-${time}-${i}`;
    try {
      await rename(path, name);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    await this.#removeOldest(path, name);
    return name;
  }

  /** Removes all but the newest damaged files; by their own times, since a clock without battery starts in 1970. */
  async #removeOldest(path: string, kept: string): Promise<void> {
    try {
      const names = (await readdir(this.#paths.folder)).filter((name) => name.startsWith(`${basename(path)}.damaged-`));
      const others = names.map((name) => join(this.#paths.folder, name)).filter((name) => name !== kept);
      const dated = await Promise.all(others.map(async (name) => ({ name, atMs: (await stat(name)).ctimeMs })));
      dated.sort((a, b) => b.atMs - a.atMs);
      for (const { name } of dated.slice(MAX_DAMAGED - 1)) await rm(name, { force: true });
    } catch {
      // there is one more then
    }
  }

  async #hasDamaged(): Promise<boolean> {
    const start = `${basename(this.#paths.file)}.`;
    const names = await readdir(this.#paths.folder).catch(() => []);
    return names.some((name) => name.startsWith(start) && name.includes('.damaged-'));
  }
}

async function writeNew(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'wx', MODE);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes what was renamed in a folder outlast a power cut, where the file system can. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } catch (error) {
    if (codeOf(error) !== 'EINVAL') throw error; // it has no such thing (some FUSE and network file systems)
  } finally {
    await folder.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
