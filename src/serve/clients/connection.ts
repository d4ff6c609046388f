// One WebSocket of a client: sends its token, then publishes or views until its grant ends.
//
//   waiting ──(first message)──▶ checking ──▶ in ──(closed, expired, stuck)──▶ gone
//      └────(no secret, code)──────────────▶ in

import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import { LimitError } from '../../errors.js';
import type { Sink } from '../../relay/feed/sink.js';
import type { OpaqueKind } from '../../relay/message.js';
import { answerPings } from '../../relay/framing/pongs.js';
import { throttleReads } from '../../relay/framing/read-throttle.js';
import { Heartbeat } from '../../relay/framing/heartbeat.js';
import type { Publisher } from '../topics/publisher.js';
import { atTime } from '../auth/deadline.js';
import type { ClientRegistry } from './client-registry.js';
import type { Topic } from '../topics/topic.js';
import { type Grant, looksLikeToken, TokenError } from '../auth/tokens.js';
import { type TopicPath, topicNameOf } from '../topics/topic-path.js';
import { ACCEPTED, authorisationText, closeReason } from '../auth/authorisation-reply.js';
import { TopicViewer } from './topic-viewer.js';

// Close codes (RFC 6455 §7.4.1).
const POLICY_VIOLATION = 1008;
const TOO_BIG = 1009;
const INTERNAL_ERROR = 1011;
const TRY_AGAIN_LATER = 1013;

/** What a client may send before it is authorised. */
const MAX_UNAUTHORISED_BYTES = 16 * 1024;

/** The state of a connection. */
type ConnectionState = 'waiting' | 'checking' | 'in' | 'gone';

/** The upgrade that a connection began with. */
export interface ConnectionRequest {
  readonly path: TopicPath;
  /** The client's address. */
  readonly address: string;
}

/** One WebSocket, from its upgrade to its end. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #frameSink: Socket;
  readonly #path: TopicPath;
  readonly #address: string;
  readonly #clients: ClientRegistry;
  #state: ConnectionState = 'waiting';
  #pendingMessages: { data: Buffer; kind: OpaqueKind }[] = []; // what arrived while its token was being verified
  #topic: Topic | null = null;
  #viewer: TopicViewer | null = null;
  #publisher: Publisher | null = null;
  #releaseTopic: () => void = () => undefined;
  #cancelDeadline: () => void; // cancels the timer: of the token's arrival, then of its expiry
  #heartbeat: Heartbeat;
  #isFirstMessage = true;
  #lastMessageMs = performance.now();
  #receivedBytes = 0;

  /** @param frameSink the connection under `socket`. */
  constructor(socket: WebSocket, frameSink: Socket, { path, address }: ConnectionRequest, clients: ClientRegistry) {
    this.#socket = socket;
    this.#frameSink = frameSink;
    this.#path = path;
    this.#address = address;
    this.#clients = clients;
    answerPings(socket, frameSink);
    throttleReads(socket, () => clients.countThrottledRead(path, address, this.#topic?.traffic ?? null));
    this.#heartbeat = new Heartbeat(socket, clients.limits, () => socket.terminate());
    socket.on('error', (error) => clients.log.debug('visitor failed', { topic: path.path, reason: error.message }));
    socket.on('close', () => this.#leaveTopic());
    socket.on('message', (data: RawData, isBinary) => this.#receive(data as Buffer, isBinary ? 'binary' : 'text'));
    const { tokenTimeoutMs } = clients.limits;
    const late = setTimeout(() => {
      this.#closed(POLICY_VIOLATION, `no token within ${tokenTimeoutMs / 1000} s: it must be the first message`);
    }, tokenTimeoutMs).unref();
    this.#cancelDeadline = () => clearTimeout(late);
    const before = frameSink.bytesRead;
    const measure = () => {
      if (this.#state !== 'waiting') frameSink.off('data', measure);
      else if (frameSink.bytesRead - before > MAX_UNAUTHORISED_BYTES)
        this.#closed(TOO_BIG, 'the first message must be the token');
    };
    frameSink.on('data', measure);
  }

  /** Admits it without a token message: it has redeemed a code, or no secret is configured. */
  acceptGrant(grant: Grant): void {
    try {
      this.#enter(grant);
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      this.#closed(TRY_AGAIN_LATER, error.message);
    }
  }

  /** Closes it because its code is refused. */
  refuseCode(reason: string): void {
    this.#closed(POLICY_VIOLATION, this.#clients.countRefusal(this.#path, this.#address, reason));
  }

  /** Evicts it in favour of another client. */
  evict(reason: string): void {
    this.#closed(TRY_AGAIN_LATER, reason);
  }

  /** How long nothing has arrived from it, pongs included. */
  silentMs(nowMs: number): number {
    this.#listen(nowMs);
    return nowMs - this.#lastMessageMs;
  }

  /** Closes it because the server is stopping. */
  closeForShutdown(): void {
    this.#closed(1001, 'the server is stopping');
  }

  /** Closes a viewer that reads nothing. Called about once a second. */
  checkStuck(nowMs: number): void {
    this.#listen(nowMs);
    if (!this.#viewer?.isStuck(nowMs)) return;
    if (this.#topic) this.#topic.traffic.stuckViewers++;
    this.#clients.logStuck(this.#path, this.#address);
    this.#leaveTopic();
    this.#socket.terminate(); // a close frame would queue behind all that it does not read
  }

  #listen(nowMs: number): void {
    const { bytesRead } = this.#frameSink;
    if (bytesRead !== this.#receivedBytes) this.#lastMessageMs = nowMs;
    this.#receivedBytes = bytesRead;
  }

  #receive(data: Buffer, kind: OpaqueKind): void {
    if (this.#state === 'waiting') void this.#check(data, kind);
    else if (this.#state === 'checking') this.#pendingMessages.push({ data, kind });
    else if (this.#state === 'in') this.#publish(data, kind);
  }

  #publish(data: Buffer, kind: OpaqueKind): void {
    if (this.#isFirstMessage) {
      this.#isFirstMessage = false;
      // A client may send a token even where none is required. It is answered and not forwarded.
      if (this.#clients.tokens === null && data.length <= MAX_UNAUTHORISED_BYTES && looksLikeToken(data.toString())) {
        this.#socket.send(authorisationText(this.#path.path, data.toString(), ACCEPTED));
        return;
      }
    }
    if (this.#publisher) this.#publisher.receive(data, kind);
    else if (kind === 'binary' && data.length > 0) {
      // Media that would be discarded. Text may be a player's keep-alive, and is ignored.
      const { direction, topic } = this.#path;
      this.#closed(
        POLICY_VIOLATION,
        direction === 'out' ? `publish to /in/${topic}` : 'this token lacks the scope "write"',
      );
    }
  }

  /** The first message is the token. */
  async #check(data: Buffer, kind: OpaqueKind): Promise<void> {
    const { tokens } = this.#clients;
    if (tokens === null) return; // without a secret no connection waits for a token
    if (kind === 'binary' && !looksLikeToken(data.subarray(0, MAX_UNAUTHORISED_BYTES).toString())) {
      // Media: its sender uses no token. The reply must not echo what it has sent.
      this.#clients.countMissingToken(this.#path, this.#address);
      this.#closed(POLICY_VIOLATION, 'a token is required: it must be the first message, before any media');
      return;
    }
    this.#state = 'checking';
    this.#socket.pause(); // messages that have been read already are still emitted
    const text = data.toString();
    const { path } = this.#path;
    try {
      const grant = await tokens.admit(text, this.#path, Date.now());
      if (this.#isClosed()) return;
      this.#enter(grant, () => this.#socket.send(authorisationText(path, text, ACCEPTED)));
    } catch (error) {
      if (this.#isClosed()) return;
      if (!(error instanceof TokenError || error instanceof LimitError)) {
        this.#clients.log.error('token could not be verified', { topic: path, reason: (error as Error).stack });
        this.#closed(INTERNAL_ERROR, "internal error: the server's log has the cause");
        return;
      }
      const isRefused = error instanceof TokenError;
      const { message } = error;
      const reason = isRefused ? this.#clients.countRefusal(this.#path, this.#address, message) : message;
      this.#socket.send(authorisationText(path, text, { authorised: false, reason }));
      this.#socket.resume();
      this.#closed(isRefused ? POLICY_VIOLATION : TRY_AGAIN_LATER, reason);
      return;
    }
    this.#socket.resume();
    const early = this.#pendingMessages;
    this.#pendingMessages = [];
    for (const one of early) this.#receive(one.data, one.kind);
  }

  /** A method, because TypeScript assumes that `#state` does not change across an await. */
  #isClosed(): boolean {
    return this.#state === 'gone';
  }

  /** Joins its topic; `beforeFirst` is called before any message of the topic is sent. Throws {@link LimitError}. */
  #enter(grant: Grant, beforeFirst: () => void = () => undefined): void {
    const { topics, limits } = this.#clients;
    this.#clients.authorize(this, grant, this.#address);
    const { topic, release } = topics.join(topicNameOf(this.#path), this, grant, this.#address);
    this.#releaseTopic = release;
    this.#cancelDeadline();
    this.#state = 'in';
    this.#topic = topic;
    // Once a token was accepted, a message in the form of a token is ordinary data.
    this.#isFirstMessage = this.#clients.tokens === null;
    beforeFirst();
    const { direction } = this.#path;
    let unwatch: () => void = () => undefined;
    if (grant.canRead && direction !== 'in') {
      const viewer = new TopicViewer(this.#socket, this.#frameSink, limits, this.#clients.dropObserver(this.#path));
      this.#viewer = viewer;
      if (grant.canWrite && direction !== 'out') {
        // A client that does both does not get its own messages.
        const sink: Sink = {
          write: (message) => {
            if (message.kind !== 'ts' || topic.activePublisher !== this.#publisher) viewer.delivery.write(message);
          },
        };
        this.#publisher = topic.addPublisher(this.#address, { isExclusive: false, own: sink });
        unwatch = topic.addViewer(viewer, sink);
      } else {
        unwatch = topic.addViewer(viewer);
      }
    } else if (grant.canWrite && direction !== 'out') {
      this.#publisher = topic.addPublisher(this.#address, { isExclusive: direction === 'in', own: null });
    }
    this.#releaseTopic = () => {
      unwatch();
      this.#publisher?.close();
      release();
    };
    this.#cancelDeadline = atTime(grant.endsMs, () => this.#closed(POLICY_VIOLATION, 'the token has expired'));
    this.#clients.log.debug('visitor came', { topic: this.#path.path, from: this.#address });
  }

  /** Closes the connection with a reason. */
  #closed(code: number, reason: string): void {
    this.#leaveTopic();
    this.#socket.close(code, closeReason(reason));
  }

  #leaveTopic(): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#pendingMessages = [];
    this.#cancelDeadline();
    this.#heartbeat.stop();
    this.#releaseTopic();
    this.#clients.remove(this, this.#address);
  }
}
