// One WebSocket to a far end: its state, what it sends, what it goes without when the far end is slow.
//
//   waiting ──▶ dialling ──▶ authorising ──▶ open ──▶ (lost) ──▶ waiting …
//      │           │  └─ (no token) ────────▲  │
//      └───────────┴───────────┴───────────────┴──▶ closing ──▶ closed

import { type Log, safeUrl } from '../log.js';
import { Admission } from './admission.js';
import { type FarEnd, readVerdict } from './far-end.js';
import { Handover, JOIN_PATIENCE } from '../mpegts/handover.js';
import type { Sink } from './feed.js';

import type { Limits } from './limits.js';
import { Message } from './message.js';
import { ReconnectingSocket } from './reconnecting.js';
import { cleanWords } from './secrets.js';

export type LinkState = 'waiting' | 'dialling' | 'authorising' | 'open' | 'closing' | 'closed';

/** What a link has to say to its destination. */
export interface LinkObserver {
  opened(): void;
  /** A dial failed, or the open link is lost; it is dialled again. */
  lost(): void;
  /** The far end sent a message. */
  received(message: Message): void;
}

/** What a link has done, for stats. */
export interface LinkStats {
  readonly url: string;
  readonly state: LinkState;
  readonly sinceMs: number;
  readonly attempts: number;
  readonly opens: number;
  readonly lastError: string | null;
  /** When the next dial comes, as milliseconds since the epoch; null unless waiting. */
  readonly nextDialMs: number | null;
  readonly sentMessages: number;
  readonly sentBytes: number;
  readonly waitingBytes: number;
  readonly isDropping: boolean;
  readonly droppedMessages: number;
  readonly droppedBytes: number;
  readonly receivedMessages: number;
  readonly pingMs: number | null;
}

/** Keeps one far end reached. Messages that come while it is not open go nowhere: what comes after is live. */
export class Link implements Sink {
  readonly #log: Log;
  readonly #facts: { destination: string; farEnd: string };
  readonly #observer: LinkObserver;
  readonly #socket: ReconnectingSocket;
  readonly #admission: Admission;
  readonly #url: string;
  readonly #farEnd: FarEnd;
  readonly #limits: Limits;
  #verdictTimer: NodeJS.Timeout | undefined;
  #state: LinkState = 'dialling';
  #since = Date.now();
  #attempts = 0;
  #opens = 0;
  #lastError: string | null = null;
  #nextDial: number | null = null;
  #sentMessages = 0;
  #sentBytes = 0;
  #sentAtOpen = 0;
  #receivedMessages = 0;
  #closing: Promise<void> | null = null;

  constructor(id: string, farEnd: FarEnd, limits: Limits, log: Log, observer: LinkObserver) {
    this.#log = log;
    this.#farEnd = farEnd;
    this.#limits = limits;
    this.#url = safeUrl(farEnd.url);
    this.#facts = { destination: id, farEnd: this.#url };
    this.#observer = observer;
    this.#admission = new Admission(limits, {
      dropsBegan: () => this.#log.warn('far end is slow: dropping messages', this.#facts),
      dropsEnded: (messages, bytes) => this.#log.info('dropping has ended', { ...this.#facts, messages, bytes }),
    });
    this.#socket = new ReconnectingSocket((signal) => farEnd.nextDial(signal), limits, {
      dialling: (delayMs) => this.#dialling(delayMs),
      opened: () => this.#opened(),
      lost: (reason) => this.#lost(reason),
      received: (data, isBinary) => this.#received(data, isBinary),
    });
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Whether anything was sent since the link was opened. */
  get hasSent(): boolean {
    return this.#sentMessages > this.#sentAtOpen;
  }

  /** Bytes of messages that the system has not taken yet. */
  get waitingBytes(): number {
    return Math.max(this.#socket.waitingBytes, 0);
  }

  write(message: Message): void {
    const waiting = this.#socket.waitingBytes;
    if (waiting < 0 || this.#state !== 'open') return;
    const admission = this.#admission;
    const admitted = waiting === 0 && admission.isOpen ? message : admission.admit(message, waiting, performance.now());
    if (admitted === null) return;
    this.#socket.send(admitted, waiting);
    this.#sentMessages++;
    this.#sentBytes += admitted.data.length;
  }

  awaitDrain(ready: () => void): (() => void) | null {
    return this.#admission.isDropping ? null : this.#socket.awaitDrain(ready);
  }

  /** What is sent from now on belongs to another stream: it begins at that one's next random access point. */
  rejoin(): void {
    this.#admission.begin(new Handover(JOIN_PATIENCE, this.hasSent));
  }

  /** Takes back what the system has not taken yet, and breaks off: the far end sees nothing more. */
  cut(): void {
    this.#socket.drop('it was left');
  }

  /**
   * Closes the link with a close code (RFC 6455 §7.4.1), once what waits for it is with the system, but after `drainMs`
   * at the latest; resolves when it is gone. Idempotent.
   */
  close(code: number, drainMs = 0): Promise<void> {
    return (this.#closing ??= this.#close(code, drainMs));
  }

  stats(): LinkStats {
    return {
      url: this.#url,
      state: this.#state,
      sinceMs: this.#since,
      attempts: this.#attempts,
      opens: this.#opens,
      lastError: this.#lastError,
      nextDialMs: this.#nextDial,
      sentMessages: this.#sentMessages,
      sentBytes: this.#sentBytes,
      waitingBytes: this.waitingBytes,
      isDropping: this.#admission.isDropping,
      droppedMessages: this.#admission.droppedMessages,
      droppedBytes: this.#admission.droppedBytes,
      receivedMessages: this.#receivedMessages,
      pingMs: this.#socket.roundTripMs < 0 ? null : this.#socket.roundTripMs,
    };
  }

  async #close(code: number, drainMs: number): Promise<void> {
    const wasOpen = this.#state === 'open';
    this.#setState('closing');
    clearTimeout(this.#verdictTimer);
    if (wasOpen && drainMs > 0 && this.waitingBytes > 0) await this.#socket.drain(drainMs);
    this.#admission.begin();
    await this.#socket.close(code);
    this.#setState('closed');
    this.#log.info('link closed', this.#facts);
  }

  #setState(state: LinkState): void {
    this.#state = state;
    this.#since = Date.now();
    this.#nextDial = null;
  }

  #dialling(delayMs: number): void {
    this.#setState(delayMs > 0 ? 'waiting' : 'dialling');
    if (delayMs > 0) this.#nextDial = this.#since + Math.round(delayMs);
    else this.#attempts++;
  }

  #opened(): void {
    const token = this.#farEnd.firstMessage;
    if (token === null) {
      this.#accepted();
      return;
    }
    this.#setState('authorising');
    this.#socket.sendText(token);
    const { dialTimeoutMs } = this.#limits;
    this.#verdictTimer = setTimeout(() => {
      this.#socket.drop(`no answer to the token within ${dialTimeoutMs / 1000} s`);
    }, dialTimeoutMs).unref();
  }

  #accepted(): void {
    clearTimeout(this.#verdictTimer);
    this.#socket.accept();
    this.#admission.begin(); // what came before went elsewhere
    this.#setState('open');
    this.#opens++;
    this.#sentAtOpen = this.#sentMessages;
    this.#lastError = null;
    this.#log.info('link open', this.#facts);
    this.#observer.opened();
  }

  #received(data: Buffer, isBinary: boolean): void {
    if (this.#state === 'open') {
      this.#receivedMessages++;
      this.#observer.received(new Message(isBinary ? 'binary' : 'text', data));
    } else if (this.#state === 'authorising' && !isBinary) {
      const verdict = readVerdict(data.toString());
      if (verdict?.isAuthorised === true) this.#accepted();
      else if (verdict) this.#socket.drop(`the far end refuses the token: ${verdict.reason || 'it gives no reason'}`);
    }
  }

  #lost(words: string): void {
    const reason = cleanWords(words, this.#farEnd.secrets);
    const wasOpen = this.#state === 'open';
    clearTimeout(this.#verdictTimer);
    this.#setState('waiting');
    this.#admission.begin();
    // A far end that is away for a month is one line, not a line a dial.
    if (wasOpen) this.#log.warn('link lost', { ...this.#facts, reason });
    else if (reason !== this.#lastError) this.#log.warn('far end not reached', { ...this.#facts, reason });
    this.#lastError = reason;
    this.#observer.lost();
  }
}
