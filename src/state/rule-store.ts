// Changes of rules, one after the other, each written before it is in force and answered after that. Changes that come while
// the disk is busy share the next write.
//
//   change(): edit the draft ──▶ write it, sync it ──▶ apply ──▶ resolve        refused: nothing has changed
//   keep():   in force already ──▶ write it, sync it ──▶ resolve with true      not written: false, tried again
//
// Nothing waits for the disk but the answers: media goes on.

import { stat } from 'node:fs/promises';
import { LimitError, StorageError } from '../errors.js';
import type { Log } from '../log/log.js';
import { isSameMute } from '../relay/rules/mute-rule.js';
import { codeOf, diskErrorText } from './disk-errors.js';
import { RuleDraft } from './rule-draft.js';
import { rulesText } from './saved-rules.js';
import { NO_RULES, type RuleSet } from '../relay/rules/rule-set.js';
import type { DamagedFile, LoadedState, StateFile } from './state-file.js';
import { encodeState } from './state-text.js';

/** A change of rules. */
export interface RuleChange<T> {
  /** Changes the draft; throws, and leaves it as it is, if the change is refused. */
  readonly edit: (draft: RuleDraft) => void;
  /** Brings the change in force. A promise is awaited before the answer, not before the next change. */
  readonly apply: () => T | Promise<T>;
  /** Whether it is refused if it cannot be saved, even where rules may be kept in memory: the end of a mute. */
  readonly mustBeSaved: boolean;
}

/** Whether a rule outlasts a restart. `in-memory`: none does, there is no file. */
export type Kept = 'saved' | 'unsaved' | 'in-memory';

/** The result of a change. */
export interface Changed<T> {
  readonly value: T;
  readonly kept: Kept;
}

/** What is wrong with what is saved. */
export interface StateFault {
  readonly code: 'mutes-unknown' | 'not-saved' | 'previous-rules';
  readonly message: string;
}

/** What is saved, for stats. */
export interface StateStatus {
  /** Where rules are saved; null: they are kept in memory only. */
  readonly file: string | null;
  /** Whether all rules that are in force outlast a restart. */
  readonly saved: boolean;
  /** When rules were last written, milliseconds since 1970; null: not since the start. */
  readonly savedMs: number | null;
  /** Files that were damaged at the start. */
  readonly damaged: DamagedFile[];
  readonly fault: StateFault | null;
}

export interface RuleStoreOptions {
  /** Rules other than the end of a mute come in force where they cannot be saved (VW_STATE_OPTIONAL). */
  readonly isOptional: boolean;
  /** How often rules that could not be saved are tried again. */
  readonly retryMs: number;
  /** How long the answer to a mute waits for the disk. */
  readonly patienceMs: number;
}

const DEFAULTS: RuleStoreOptions = { isOptional: false, retryMs: 10_000, patienceMs: 5000 };
const UNKNOWN =
  'neither the saved rules nor their previous version can be read, so it is unknown what was muted: the sound of every feed is withheld until every feed is muted or DELETE /api/mutes/all ends it';
const PREVIOUS = 'the saved rules cannot be read: their previous version is in force, without the last change';
const HANGS = 'the disk does not answer';
/** What the log says once where there is no file. */
const IN_MEMORY = 'rules are kept in memory only: a restart loses them';
const KEPT_BY = 'VW_STATE=<file>, or --state <file>';

/** What became of a write. */
interface Written {
  /** Why it failed; null: it has not. */
  readonly reason: string | null;
  /** Whether the file has these rules, from before if the write failed. */
  readonly isSaved: boolean;
}

const SAVED: Written = { reason: null, isSaved: true };

/** A change that waits for the disk. */
interface Pending {
  edit(draft: RuleDraft): void;
  done(written: Written): void;
  refused(error: Error): void;
}

/** Keeps the rules of a relay in its state file, if it has one. */
export class RuleStore {
  readonly #file: StateFile | null;
  readonly #inForce: () => RuleSet;
  readonly #options: RuleStoreOptions;
  #log: Log | null; // until it has said that rules are in memory only
  #pending: Pending[] = [];
  #writing: Promise<void> | null = null;
  #saved: { readonly rules: RuleSet; readonly text: string } | null; // what the file has; null: unknown
  #savedMs: number | null = null;
  #writeFault: string | null; // why the last write failed
  #isPrevious: boolean;
  readonly #damaged: LoadedState['damaged'];
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;
  #hasRefused = false; // the file may have a change that was refused
  #reported = 'null';
  /** Called when the fault changes; null: it is over. */
  onFault: (fault: StateFault | null) => void = () => undefined;
  #hangs = false; // a write has taken longer than anybody waits

  private constructor(
    file: StateFile | null,
    { loaded, lockFault, inForce, log }: StoreParts,
    options: Partial<RuleStoreOptions>,
  ) {
    this.#file = file;
    this.#inForce = inForce;
    this.#log = log;
    this.#options = { ...DEFAULTS, ...options };
    this.#damaged = loaded?.damaged ?? [];
    this.#isPrevious = loaded?.from === 'previous';
    this.#writeFault = lockFault;
    const isCurrent = loaded !== null && (loaded.from === 'file' || loaded.from === 'nothing');
    this.#saved = isCurrent ? { rules: loaded.rules, text: rulesText(loaded.rules) } : null;
    if (lockFault !== null) this.#retryLater();
  }

  /** A store that keeps nothing. The log says so at the first rule; null: it need not be said. */
  static inMemory(log: Log | null): RuleStore {
    return new RuleStore(null, { loaded: null, lockFault: null, inForce: () => NO_RULES, log }, {});
  }

  /**
   * A store in `file`, which must be locked, or not lockable for the reason `lockFault`, and loaded.
   *
   * @param parts.inForce the rules that are in force now.
   */
  static inFile(file: StateFile, parts: StoreParts, options: Partial<RuleStoreOptions> = {}): RuleStore {
    return new RuleStore(file, parts, options);
  }

  /** Makes a change. Rejects with what `edit` or `apply` throws, and with {@link StorageError} if it cannot be saved. */
  async change<T>({ edit, apply, mustBeSaved }: RuleChange<T>): Promise<Changed<T>> {
    if (this.#file === null) {
      this.#sayInMemory();
      return { value: await apply(), kept: 'in-memory' };
    }
    return new Promise((resolve, reject) => {
      let isGivenUp = false; // the answer has said that it is refused: it must not be made later
      const patience = setTimeout(() => {
        isGivenUp = true;
        this.#noticeHang();
        reject(this.#notSaved(HANGS));
      }, this.#options.patienceMs);
      this.#enqueue({
        edit: (draft) => {
          if (isGivenUp) throw this.#notSaved(HANGS);
          edit(draft);
        },
        refused: (error) => {
          clearTimeout(patience);
          reject(error);
        },
        done: ({ reason, isSaved }) => {
          clearTimeout(patience);
          if (isGivenUp) {
            this.#undoRefused();
            return;
          }
          const isRefused = reason !== null && !isSaved && (mustBeSaved || !this.#options.isOptional);
          if (isRefused) return reject(this.#notSaved(reason));
          const fail = (error: unknown) => {
            reject(error instanceof Error ? error : new Error(String(error)));
            this.#undoRefused();
          };
          try {
            const value = apply();
            Promise.resolve(value).then((value) => resolve({ value, kept: isSaved ? 'saved' : 'unsaved' }), fail);
          } catch (error) {
            fail(error);
          }
        },
      });
    });
  }

  /**
   * Saves what is in force already. Never rejects, and does not wait for a disk that hangs.
   */
  keep(): Promise<Kept> {
    if (this.#file === null) {
      this.#sayInMemory();
      return Promise.resolve('in-memory');
    }
    return new Promise((resolve) => {
      const patience = setTimeout(() => {
        this.#noticeHang();
        resolve('unsaved');
      }, this.#options.patienceMs);
      const end = (kept: Kept) => {
        clearTimeout(patience);
        resolve(kept);
      };
      this.#enqueue({
        edit: () => undefined,
        refused: () => end('unsaved'),
        done: ({ isSaved }) => end(isSaved ? 'saved' : 'unsaved'),
      });
    });
  }

  status(): StateStatus {
    const saved = this.#file !== null && this.#isSaved();
    const { fault } = this;
    return { file: this.#file?.path ?? null, saved, savedMs: this.#savedMs, damaged: [...this.#damaged], fault };
  }

  /** What is wrong with what is saved; null: nothing. Whether there is a file at all is no fault. */
  get fault(): StateFault | null {
    if (this.#file === null) return null;
    if (this.#inForce().mutesUnknown) return { code: 'mutes-unknown', message: UNKNOWN };
    const reason = this.#hangs ? HANGS : this.#writeFault;
    if (reason !== null) return { code: 'not-saved', message: this.#writeFaultText(reason) };
    return this.#isPrevious ? { code: 'previous-rules', message: PREVIOUS } : null;
  }

  /** To be called about once a second: a disk that hangs is noticed by nothing else. */
  checkFault(): void {
    const { fault } = this;
    const text = JSON.stringify(fault);
    if (text === this.#reported) return;
    this.#reported = text;
    this.onFault(fault);
  }

  /** Takes no more changes; resolves when those that wait are written, and the lock is gone. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#retry);
    await this.#writing;
    if (this.#file !== null && (this.#writeFault !== null || this.#hasRefused)) await this.#write(this.#inForce());
    await this.#file?.close();
  }

  #enqueue(pending: Pending): void {
    if (this.#isClosed) return pending.refused(new LimitError('ERR_STOPPING', 'the relay is stopping'));
    this.#pending.push(pending);
    this.#writing ??= this.#writeAll();
  }

  /** Writes until nothing waits. */
  async #writeAll(): Promise<void> {
    await Promise.resolve(); // those of the same turn share the first write
    while (this.#pending.length > 0) {
      const draft = new RuleDraft(this.#inForce());
      const batch = this.#pending.filter((one) => {
        try {
          one.edit(draft);
          return true;
        } catch (error) {
          one.refused(error as Error);
          return false;
        }
      });
      this.#pending = [];
      if (batch.length > 0) {
        const written = await this.#write(draft.rules());
        for (const one of batch) one.done(written);
      }
      this.checkFault();
    }
    this.#writing = null; // in the same turn as the last check of what waits
  }

  /** Writes rules, unless the file has them. */
  async #write(rules: RuleSet): Promise<Written> {
    const text = rulesText(rules);
    if (this.#saved?.text === text && this.#writeFault === null && (await this.#isThere())) return SAVED;
    const patience = setTimeout(() => this.#noticeHang(), this.#options.patienceMs);
    const before = this.#saved;
    this.#saved = null; // until the disk has answered
    try {
      await this.#file?.write(await encodeState(rules));
      this.#saved = { rules, text };
      this.#hasRefused = false;
      this.#savedMs = Date.now();
      this.#writeFault = null;
      this.#isPrevious = false;
      return SAVED;
    } catch (error) {
      if (this.#file?.isUncertain !== true && (await this.#isThere())) this.#saved = before;
      this.#writeFault = diskErrorText(error);
      this.#retryLater();
      return { reason: this.#writeFault, isSaved: this.#saved?.text === text };
    } finally {
      clearTimeout(patience);
      this.#hangs = false;
    }
  }

  /** A change was refused after it had been written: what is in force is written again, by `close` at the latest. */
  #undoRefused(): void {
    this.#hasRefused = true;
    void this.keep();
  }

  /** Whether the file still exists. */
  async #isThere(): Promise<boolean> {
    const file = this.#file;
    if (file === null) return false;
    return await stat(file.path).then(
      () => true,
      (error: unknown) => codeOf(error) !== 'ENOENT',
    );
  }

  /** What could not be saved is saved as soon as it can be. */
  #retryLater(): void {
    clearTimeout(this.#retry);
    if (this.#isClosed) return;
    this.#retry = setTimeout(() => void this.keep(), this.#options.retryMs).unref();
  }

  #noticeHang(): void {
    this.#hangs = this.#writing !== null;
    this.checkFault();
  }

  #isSaved(): boolean {
    if (this.#writeFault !== null || this.#hangs) return this.#saved?.text === rulesText(this.#inForce());
    return true;
  }

  /** Names the mutes that a restart would lose: they matter most. */
  #writeFaultText(reason: string): string {
    const rules = this.#inForce();
    const saved = new Map((this.#saved?.rules.mutes ?? []).map((rule) => [rule.feed, rule]));
    const lost = rules.mutes.filter((rule) => {
      const before = saved.get(rule.feed);
      return !before || !isSameMute(before, rule);
    });
    const names = lost.slice(0, MAX_NAMES).map(({ feed }) => (feed === 'all' ? 'every feed' : feed));
    const more = lost.length > names.length ? ` and ${lost.length - names.length} more` : '';
    if (names.length > 0) return `the mute of ${names.join(', ')}${more} is in force but not saved: ${reason}`;
    if (!this.#isSaved()) return `rules are in force that are not saved: ${reason}`;
    return `rules cannot be saved: ${reason}`;
  }

  #notSaved(reason: string): StorageError {
    return new StorageError(
      'ERR_NOT_SAVED',
      `it cannot be saved, and nothing has changed: ${reason}; accepted: the same when the file of VW_STATE can be written`,
    );
  }

  #sayInMemory(): void {
    this.#log?.warn(IN_MEMORY, { keptBy: KEPT_BY });
    this.#log = null;
  }
}

/** Feeds that a message names. */
const MAX_NAMES = 5;

/** What a store begins with. */
export interface StoreParts {
  readonly loaded: LoadedState | null;
  /** Why the file could not be locked; null: it is. */
  readonly lockFault: string | null;
  /** The rules that are in force now. */
  readonly inForce: () => RuleSet;
  readonly log: Log | null;
}
