// The lock of a state file: a file beside it that names the process that uses it. A lock is stale if that process has
// ended. Its pid alone does not tell: in a container it is always the same, and after a power cut another program may have
// it. So the lock also has the start time of the process and the boot id of the machine.
//
// A stale lock is renamed to a name of our own before it is removed, and read again there: what another process has put in its
// place meanwhile is put back. Where even its place has been taken by then, it stays beside it as `.taken`, and counts as a
// lock as long as its process runs.

import { randomUUID } from 'node:crypto';
import { constants, existsSync, readFileSync } from 'node:fs';
import { type FileHandle, link, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, diskErrorText, hasNoLinks, kindOf } from './disk-errors.js';

/** A process, so that it is not mistaken for another. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start; null: the system does not say. */
  readonly startTicks: string | null;
  /** Differs for each boot of the machine; null: the system does not say. */
  readonly bootId: string | null;
}

/** Another process uses the file. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
  constructor(readonly pid: number) {
    super(`another vw uses it: process ${pid}`);
  }
}

/** There is a lock, or something else in its place, and it is unknown whether a process holds it. */
export class UnclearLockError extends Error {
  override readonly name = 'UnclearLockError';
  constructor(path: string, reason: string) {
    super(`its lock ${path} ${reason}, so another vw may use it; if none does, remove that lock`);
  }
}

/** How long a lock without content may be one that is just being written. */
const WRITING_MS = 500;
const STEP_MS = 50;
/** A lock has some 150 bytes. */
const MAX_BYTES = 4096;
/** Other users' vw read it too, and name the process. */
const MODE = 0o644;

/** This process. */
export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, startTicks: startTicksOf(process.pid), bootId: bootId() };
}

/** Whether a process of that identity runs now. */
export function isRunning(other: ProcessIdentity, self: ProcessIdentity = thisProcess()): boolean {
  if (other.bootId !== self.bootId) return false;
  const startTicks = startTicksOf(other.pid);
  if (other.startTicks !== null && self.startTicks !== null && startTicks !== null)
    return startTicks === other.startTicks;
  try {
    process.kill(other.pid, 0);
    return other.startTicks === null || self.startTicks === null;
  } catch (error) {
    // Another user's. If /proc hides it (hidepid), it may be the one.
    return codeOf(error) === 'EPERM' && (self.startTicks === null || !existsSync(`/proc/${other.pid}`));
  }
}

/** A lock that may be held. */
export class StateLock {
  readonly #text: string;
  readonly #own: string;
  #isHeld = false;

  /**
   * @param path of the lock, in the folder of what it locks.
   * @param beforeTakeover is awaited when a stale lock was found and is about to be taken over.
   */
  constructor(
    readonly path: string,
    private readonly self: ProcessIdentity = thisProcess(),
    private readonly beforeTakeover: () => Promise<void> = () => Promise.resolve(),
  ) {
    const nonce = randomUUID();
    this.#text = `${JSON.stringify({ ...self, nonce })}\n`;
    this.#own = `${path}.${process.pid}-${nonce.slice(0, 8)}`;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /**
   * Takes the lock, or makes sure that it is still ours. Throws {@link LockedError} if another process that runs has it,
   * {@link UnclearLockError} if one may have it, and the system's error if the lock cannot be written.
   */
  async acquire(): Promise<void> {
    if (this.#isHeld && (await this.#read()) === this.#text) return;
    this.#isHeld = false;
    while (!(await this.#tryCreate())) {
      const stale = await this.#staleText();
      if (stale === null) continue;
      await this.beforeTakeover();
      await this.#bury(stale);
    }
    this.#isHeld = true;
    try {
      for (const stale of await this.#refuseIfTaken()) await rm(stale, { force: true });
    } catch (error) {
      await this.release();
      throw error;
    }
  }

  /** Throws as {@link acquire} would because of a lock that is there. Changes nothing. */
  async check(): Promise<void> {
    await this.#staleText();
    await this.#refuseIfTaken();
  }

  /** As {@link #create}; where nothing can be written, a process that has or may have the lock is still respected. */
  async #tryCreate(): Promise<boolean> {
    try {
      return await this.#create();
    } catch (error) {
      await this.check();
      throw error;
    }
  }

  /** Removes the lock if it is ours. Never rejects: one that stays is stale. */
  async release(): Promise<void> {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    try {
      if ((await this.#read()) === this.#text) await rm(this.path, { force: true });
    } catch {
      // the disk fails
    }
  }

  /** The text of a lock whose process has ended; null: there is none. Throws {@link LockedError} if it runs. */
  async #staleText(): Promise<string | null> {
    for (let waitedMs = 0; ; waitedMs += STEP_MS) {
      const text = await this.#read();
      const holder = text === null ? null : identityIn(text);
      if (holder !== null && isRunning(holder, this.self)) throw new LockedError(holder.pid);
      if (text === null || holder !== null || waitedMs >= WRITING_MS) return text; // the last: damaged
      await delay(STEP_MS);
    }
  }

  /** Removes the stale lock with that text, and no other. */
  async #bury(stale: string): Promise<void> {
    const taken = `${this.#own}.taken`;
    try {
      await rename(this.path, taken);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return; // another process has done it
      throw error;
    }
    const text = await this.#read(taken);
    const isRestored = text === null || text === stale || (await this.#place(taken, text));
    if (isRestored) await rm(taken, { force: true });
  }

  /** Throws {@link LockedError} if a lock that was moved away by mistake is in use. Returns those that are not, or ours. */
  async #refuseIfTaken(): Promise<string[]> {
    const [folder, start] = [dirname(this.path), `${basename(this.path)}.`];
    const names = await readdir(folder).catch(() => []);
    const taken = names.filter((name) => name.startsWith(start) && name.endsWith('.taken'));
    const paths = taken.map((name) => join(folder, name));
    for (const path of paths) {
      const text = await this.#read(path);
      const holder = text === null || text === this.#text ? null : identityIn(text);
      if (holder !== null && isRunning(holder, this.self)) throw new LockedError(holder.pid);
    }
    return paths;
  }

  /** The text of a lock; null: there is none. Throws {@link UnclearLockError}; never waits for a pipe. */
  async #read(path: string = this.path): Promise<string | null> {
    let file: FileHandle;
    try {
      file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      if (codeOf(error) === 'ELOOP') throw new UnclearLockError(path, 'is a symbolic link');
      throw new UnclearLockError(path, `cannot be read: ${diskErrorText(error)}`);
    }
    try {
      const status = await file.stat();
      if (!status.isFile()) throw new UnclearLockError(path, `is ${kindOf(status)}`);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } catch (error) {
      if (error instanceof UnclearLockError) throw error;
      throw new UnclearLockError(path, `cannot be read: ${diskErrorText(error)}`);
    } finally {
      await file.close().catch(() => undefined);
    }
  }

  /** Creates the lock with its content at once; false: there is one. */
  async #create(): Promise<boolean> {
    await rm(this.#own, { force: true });
    const file = await open(this.#own, 'wx', MODE);
    try {
      await file.writeFile(this.#text);
    } finally {
      await file.close();
    }
    try {
      return await this.#place(this.#own, this.#text);
    } finally {
      await rm(this.#own, { force: true }).catch(() => undefined);
    }
  }

  /** Makes a file with that text the lock; false: there is one. */
  async #place(from: string, text: string): Promise<boolean> {
    try {
      await link(from, this.path);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      if (!hasNoLinks(error)) throw error;
      return await this.#placeWithoutLinks(text);
    }
  }

  /** The same on a file system without hard links, such as FAT: it is empty for a moment. */
  async #placeWithoutLinks(text: string): Promise<boolean> {
    try {
      const file = await open(this.path, 'wx', MODE);
      try {
        await file.writeFile(text);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
    return (await this.#read()) === text; // while it was empty another may have found it stale
  }
}

function identityIn(text: string): ProcessIdentity | null {
  try {
    const { pid, startTicks, bootId } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (!Number.isInteger(pid) || (pid as number) < 1) return null;
    const orNull = (value: unknown) => (typeof value === 'string' ? value : null);
    return { pid: pid as number, startTicks: orNull(startTicks), bootId: orNull(bootId) };
  } catch {
    return null;
  }
}

/**
 * The 22nd field of /proc/<pid>/stat, proc_pid_stat(5); the second may contain spaces and parentheses. null: there is no
 * such process, or it has ended and its parent has not noticed yet.
 */
function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return /[ZX]/.test(state) ? null : (fields[18] ?? null);
  } catch {
    return null;
  }
}

function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}
