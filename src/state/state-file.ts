// A state file: read at the start, with the version before it for the case that it is damaged; replaced whole at each change.
// A replacement survives a power cut once it is done: the new file is synced, renamed, and its folder synced.

import { constants } from 'node:fs';
import { chmod, type FileHandle, link, lstat, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { codeOf, diskErrorText, hasNoLinks, isDenied } from './disk-errors.js';
import { NO_RULES, type RuleSet } from '../relay/rules/rule-set.js';
import { StateLock } from './state-lock.js';
import { mountedText, StatePathError, type StatePaths, statePaths, writeFault } from './state-paths.js';
import { DamagedError, decodeState, isOurStart, NewerVersionError } from './state-text.js';

/** Ten thousand destinations with the longest addresses and tokens have a third of this. */
const MAX_BYTES = 400 * 1024 * 1024;
/** How many damaged files are kept of each; the oldest go. */
const MAX_DAMAGED = 5;
const MODE = 0o600;
/** More than enough to tell whether a file is one of vw. */
const START_BYTES = 64;

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

/** A file without rules: its content is damaged, or it could not be read, and may be whole. */
interface Unread {
  readonly reason: string;
  readonly isDamaged: boolean;
}

/** What became of reading one file; null: there is none. */
type Reading = { readonly rules: RuleSet } | Unread | null;

/** What was read. */
interface Readings {
  readonly current: Reading;
  /** Read only if the current one has no rules. */
  readonly former: Reading;
}

/** What a start would go on with. */
export interface StateCheck {
  /** null: neither version could be read. */
  readonly rules: RuleSet | null;
  readonly damaged: readonly DamagedFile[];
  /** Why rules could not be saved, for people; null: they could. */
  readonly writeFault: string | null;
}

/** A state file that this process uses. */
export class StateFile {
  readonly #paths: StatePaths;
  readonly #lock: StateLock;
  readonly #nowMs: () => number;
  /** Whether the last write failed in a way that leaves open which rules the file has. */
  isUncertain = false;
  #isGood = false; // what is at the path now is worth keeping as the previous version
  #isFormerUnread = false; // what is at the previous version's path could not be read, and is kept
  #isKnown: boolean | null = null; // whether vw has used the path before this process

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

  /** Locks it. Throws as {@link StateLock.acquire}, and `StatePathError` for a file that is not vw's. */
  async lock(): Promise<void> {
    await this.#refuseForeign();
    await this.#lock.acquire();
  }

  /** Throws what the start would be refused for; returns what it would go on with. Changes nothing. */
  async check(): Promise<StateCheck> {
    const { file, previous } = this.#paths;
    const { current, former } = await this.#readAll();
    await this.#lock.check();
    const readings = [{ path: file, reading: current }].concat({ path: previous, reading: former });
    const damaged = readings.flatMap(({ path, reading }) =>
      reading && 'reason' in reading ? { path, reason: reading.reason } : [],
    );
    const read = [current, former].find((reading) => reading && 'rules' in reading);
    const rules = read && 'rules' in read ? read.rules : null;
    return { rules, damaged, writeFault: await writeFault(this.#paths) };
  }

  /** Removes the lock. */
  close(): Promise<void> {
    return this.#lock.release();
  }

  /**
   * Reads the rules; damaged files are set aside, if it is locked. Throws {@link NewerVersionError}, or `StatePathError` for
   * files that this user may not read or that are not vw's, and leaves all as it is.
   */
  async load(): Promise<LoadedState> {
    const { file, previous } = this.#paths;
    const { current, former } = await this.#readAll();
    if (this.#lock.isHeld) await Promise.all([makePrivate(file), makePrivate(previous)]).catch(() => undefined);
    if (current && 'rules' in current) {
      this.#isGood = true;
      return { rules: current.rules, from: 'file', damaged: [] };
    }
    const damaged: DamagedFile[] = [];
    if (current) damaged.push(await this.#setAside(file, current));
    if (former && 'rules' in former) return { rules: former.rules, from: 'previous', damaged };
    if (former) {
      damaged.push(await this.#setAside(previous, former));
      this.#isFormerUnread = damaged.at(-1)?.path === previous;
    }
    const wasThere = damaged.length > 0 || (await this.#damagedNames()).length > 0;
    if (!wasThere) return { rules: NO_RULES, from: 'nothing', damaged };
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
    } catch (error) {
      if (codeOf(error) === 'EBUSY') throw new Error(mountedText(this.#paths), { cause: error });
      throw error;
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
      await makePrivate(file);
      await link(file, copy);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'none'; // it was removed
      if (!hasNoLinks(error)) throw error;
      await writeNew(copy, await readFile(file));
    }
    if (this.#isFormerUnread) await this.#moveAside(previous);
    this.#isFormerUnread = false;
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
        if (!hasNoLinks(error)) throw error;
        await writeNew(next, await readFile(previous));
      }
      await rename(next, file);
    } else {
      await rm(file, { force: true });
      this.#isGood = false;
    }
    await syncFolder(folder).catch(() => undefined); // it is tried again by the next write
  }

  async #readAll(): Promise<Readings> {
    await this.#refuseForeign();
    const current = await this.#read(this.#paths.file);
    const former = current && 'rules' in current ? null : await this.#read(this.#paths.previous);
    return { current, former };
  }

  /** Nothing that this user may not read is damaged: it throws `StatePathError`. */
  async #read(path: string): Promise<Reading> {
    try {
      const file = await openToRead(path);
      try {
        const status = await file.stat();
        if (!status.isFile()) return { reason: 'it is no file', isDamaged: false };
        if (status.size > MAX_BYTES)
          throw new DamagedError(`it has ${status.size} bytes; accepted: up to ${MAX_BYTES}`);
        return { rules: await decodeState(await file.readFile()) };
      } finally {
        await file.close().catch(() => undefined);
      }
    } catch (error) {
      if (error instanceof NewerVersionError) throw error;
      if (codeOf(error) === 'ENOENT') return null;
      if (isDenied(error)) throw await deniedError(path, error);
      return { reason: diskErrorText(error), isDamaged: error instanceof DamagedError };
    }
  }

  /**
   * Throws `StatePathError` if there is a file that vw has never written. Where vw has left traces, whatever is in the file has
   * become of its rules, such as zeros after a power cut.
   */
  async #refuseForeign(): Promise<void> {
    const { file, previous, lock } = this.#paths;
    this.#isKnown ??= (await exists(previous)) || (await exists(lock)) || (await this.#damagedNames()).length > 0;
    if (this.#isKnown) return;
    const start = await startOf(file).catch(() => null);
    if (start === null || isOurStart(start)) return;
    throw new StatePathError(
      `VW_STATE="${file}" does not have rules that vw has saved; it is left as it is; accepted: a file that vw has saved, or one that does not exist yet; what vw rules export has made is for vw rules import`,
    );
  }

  /** Sets a damaged file aside, if it may be touched; others stay where they are until they are replaced. */
  async #setAside(path: string, { reason, isDamaged }: Unread): Promise<DamagedFile> {
    if (!isDamaged || !this.#lock.isHeld) return { path, reason };
    try {
      return { path: await this.#moveAside(path), reason };
    } catch {
      return { path, reason }; // read-only
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
      const names = (await this.#damagedNames()).filter((name) => name.startsWith(`${basename(path)}.damaged-`));
      const others = names.map((name) => join(this.#paths.folder, name)).filter((name) => name !== kept);
      const dated = await Promise.all(others.map(async (name) => ({ name, atMs: (await stat(name)).ctimeMs })));
      dated.sort((a, b) => b.atMs - a.atMs);
      for (const { name } of dated.slice(MAX_DAMAGED - 1)) await rm(name, { force: true });
    } catch {
      // there is one more then
    }
  }

  /** The names of the damaged files of this path, and of no other. */
  async #damagedNames(): Promise<string[]> {
    const base = basename(this.#paths.file);
    const names = await readdir(this.#paths.folder).catch(() => []);
    return names.filter((name) => name.startsWith(`${base}.`) && DAMAGED.test(name.slice(base.length)));
  }
}

const DAMAGED = /^(\.previous)?\.damaged-\d{14}(-\d+)?$/;

/** Opens what is there, and never waits for a pipe. */
function openToRead(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

async function startOf(path: string): Promise<Buffer> {
  const file = await openToRead(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(START_BYTES), 0, START_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function deniedError(path: string, cause: unknown): Promise<StatePathError> {
  const owner = await lstat(path).then(
    ({ uid }) => `it belongs to the user ${uid}`,
    () => 'its owner is unknown',
  );
  const self = process.getuid?.() ?? '<user>';
  return new StatePathError(
    `the saved rules in ${path} cannot be read: ${diskErrorText(cause)}, ${owner}; they are left as they are; accepted: run vw as that user, or give the file to this one: chown ${self} ${path}`,
    { cause },
  );
}

/** Takes a file's tokens from other users. Throws `EPERM` for a file of another user. */
async function makePrivate(path: string): Promise<void> {
  if (((await stat(path)).mode & 0o777) !== MODE) await chmod(path, MODE);
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
  return lstat(path).then(
    () => true,
    () => false,
  );
}
