// One WebSocket of a client: sends its token, then publishes or views until its grant ends.
//
//   waiting ──(first message)──▶ checking ──▶ in ──(closed, expired, stuck)──▶ gone
//      └────(no secret, code)──────────────▶ in

import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import { LimitError } from '../errors.js';
import type { Sink } from '../relay/feed.js';
import { answerPings } from '../relay/framing/pongs.js';
import { throttleReads } from '../relay/framing/read-throttle.js';
import { Heartbeat } from '../relay/heartbeat.js';
import type { Contribution } from './contribution.js';
import { atTime } from './deadline.js';
import type { Hall } from './hall.js';
import type { Room } from './room.js';
import { type Grant, looksLikeToken, OPEN_GRANT, TokenError } from './tokens.js';
import { type Place, roomOf } from './topic.js';
import { closeReason, verdictText } from './verdict.js';
import { TopicViewer } from './viewer.js';

// Close codes (RFC 6455 §7.4.1).
const POLICY_VIOLATION = 1008;
const TOO_BIG = 1009;
const INTERNAL_ERROR = 1011;
const TRY_AGAIN_LATER = 1013;

/** What a client may send before it is authorised. */
const MAX_STRANGER_BYTES = 16 * 1024;

/** The state of a connection. */
type State = 'waiting' | 'checking' | 'in' | 'gone';

/** One WebSocket, from its upgrade to its end. */
export class Visitor {
  readonly #socket: WebSocket;
  readonly #carrier: Socket;
  readonly #place: Place;
  readonly #address: string;
  readonly #hall: Hall;
  #state: State = 'waiting';
  #early: { data: Buffer; isBinary: boolean }[] = []; // what arrived while its token was being verified
  #room: Room | null = null;
  #viewer: TopicViewer | null = null;
  #contribution: Contribution | null = null;
  #leaveRoom: () => void = () => undefined;
  #callOff: () => void; // cancels the timer: of the token's arrival, then of its expiry
  #heartbeat: Heartbeat;
  #isFirst = true;
  #heardMs = performance.now();
  #heardBytes = 0;

  /** @param carrier the connection under `socket`. */
  constructor(socket: WebSocket, carrier: Socket, place: Place, address: string, hall: Hall) {
    this.#socket = socket;
    this.#carrier = carrier;
    this.#place = place;
    this.#address = address;
    this.#hall = hall;
    answerPings(socket, carrier);
    throttleReads(socket, () => hall.noteThrottledRead(place, address, this.#room?.traffic ?? null));
    this.#heartbeat = new Heartbeat(socket, hall.limits, () => socket.terminate());
    socket.on('error', (error) => hall.log.debug('visitor failed', { topic: place.path, reason: error.message }));
    socket.on('close', () => this.#leave());
    socket.on('message', (data: RawData, isBinary) => this.#take(data as Buffer, isBinary));
    const { tokenTimeoutMs } = hall.limits;
    const late = setTimeout(() => {
      this.#part(POLICY_VIOLATION, `no token within ${tokenTimeoutMs / 1000} s: it must be the first message`);
    }, tokenTimeoutMs).unref();
    this.#callOff = () => clearTimeout(late);
    const before = carrier.bytesRead;
    const measure = () => {
      if (this.#state !== 'waiting') carrier.off('data', measure);
      else if (carrier.bytesRead - before > MAX_STRANGER_BYTES)
        this.#part(TOO_BIG, 'the first message must be the token');
    };
    carrier.on('data', measure);
  }

  /** Admits it without a token message: it has redeemed a code, or no secret is configured. */
  welcome(grant: Grant): void {
    try {
      this.#enter(grant);
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      this.#part(TRY_AGAIN_LATER, error.message);
    }
  }

  /** Closes it because its code is refused. */
  refuseCode(reason: string): void {
    this.#part(POLICY_VIOLATION, this.#hall.noteRefusal(this.#place, this.#address, reason));
  }

  /** Evicts it in favour of another client. */
  giveWay(reason: string): void {
    this.#part(TRY_AGAIN_LATER, reason);
  }

  /** How long nothing has arrived from it, pongs included. */
  silentMs(nowMs: number): number {
    this.#listen(nowMs);
    return nowMs - this.#heardMs;
  }

  /** Closes it because the server is stopping. */
  sendAway(): void {
    this.#part(1001, 'the server is stopping');
  }

  /** Closes a viewer that reads nothing. Called about once a second. */
  look(nowMs: number): void {
    this.#listen(nowMs);
    if (!this.#viewer?.isStuck(nowMs)) return;
    this.#room!.traffic.stuckViewers++; // a viewer has a topic
    this.#hall.tellStuck(this.#place, this.#address);
    this.#leave();
    this.#socket.terminate(); // a close frame would queue behind all that it does not read
  }

  #listen(nowMs: number): void {
    const { bytesRead } = this.#carrier;
    if (bytesRead !== this.#heardBytes) this.#heardMs = nowMs;
    this.#heardBytes = bytesRead;
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (this.#state === 'waiting') void this.#check(data, isBinary);
    else if (this.#state === 'checking') this.#early.push({ data, isBinary });
    else if (this.#state === 'in') this.#contribute(data, isBinary);
  }

  #contribute(data: Buffer, isBinary: boolean): void {
    if (this.#isFirst) {
      this.#isFirst = false;
      // A client may send a token even where none is required. It is answered and not forwarded.
      if (this.#hall.tokens === null && data.length <= MAX_STRANGER_BYTES && looksLikeToken(data.toString())) {
        this.#socket.send(verdictText(this.#place.path, data.toString(), true, 'ok'));
        return;
      }
    }
    if (this.#contribution) this.#contribution.take(data, isBinary);
    else if (isBinary && data.length > 0) {
      // Media that would be discarded. Text may be a player's keep-alive, and is ignored.
      const { way, topic } = this.#place;
      this.#part(POLICY_VIOLATION, way === 'out' ? `publish to /in/${topic}` : 'this token lacks the scope "write"');
    }
  }

  /** The first message is the token. */
  async #check(data: Buffer, isBinary: boolean): Promise<void> {
    if (isBinary && !looksLikeToken(data.subarray(0, MAX_STRANGER_BYTES).toString())) {
      // Media: its sender uses no token. The reply must not echo what it has sent.
      this.#hall.noteMissingToken(this.#place, this.#address);
      this.#part(POLICY_VIOLATION, 'a token is required: it must be the first message, before any media');
      return;
    }
    this.#state = 'checking';
    this.#socket.pause(); // messages that have been read already are still emitted
    const text = data.toString();
    const { path } = this.#place;
    try {
      const grant = await this.#hall.tokens!.admit(text, this.#place, Date.now()); // without a secret no connection is in this state
      if (this.#isGone()) return;
      this.#enter(grant, () => this.#socket.send(verdictText(path, text, true, 'ok')));
    } catch (error) {
      if (this.#isGone()) return;
      if (!(error instanceof TokenError || error instanceof LimitError)) {
        this.#hall.log.error('token could not be verified', { topic: path, reason: (error as Error).stack });
        this.#part(INTERNAL_ERROR, "internal error: the server's log has the cause");
        return;
      }
      const isRefused = error instanceof TokenError;
      const { message } = error;
      const reason = isRefused ? this.#hall.noteRefusal(this.#place, this.#address, message) : message;
      this.#socket.send(verdictText(path, text, false, reason));
      this.#socket.resume();
      this.#part(isRefused ? POLICY_VIOLATION : TRY_AGAIN_LATER, reason);
      return;
    }
    this.#socket.resume();
    const early = this.#early;
    this.#early = [];
    for (const { data: one, isBinary } of early) this.#take(one, isBinary);
  }

  /** A method, because TypeScript assumes that `#state` does not change across an await. */
  #isGone(): boolean {
    return this.#state === 'gone';
  }

  /** Joins its topic; `tell` is called before any message of the topic is sent. Throws {@link LimitError}. */
  #enter(grant: Grant, tell: () => void = () => undefined): void {
    const { rooms, limits } = this.#hall;
    this.#hall.settle(this, grant, this.#address);
    const { room, leave } = rooms.enter(roomOf(this.#place), this, grant, this.#address);
    this.#leaveRoom = leave;
    this.#callOff();
    this.#state = 'in';
    this.#room = room;
    // Once a token was accepted, a message in the form of a token is ordinary data.
    this.#isFirst = grant === OPEN_GRANT;
    tell();
    const { way } = this.#place;
    let unwatch: () => void = () => undefined;
    if (grant.canRead && way !== 'in') {
      const viewer = new TopicViewer(
        this.#socket,
        this.#carrier,
        room.traffic,
        limits,
        this.#hall.dropsOf(this.#place),
      );
      this.#viewer = viewer;
      if (grant.canWrite && way !== 'out') {
        // A client that does both does not get its own messages.
        const sink: Sink = {
          write: (message) => {
            if (message.kind !== 'ts' || room.counting !== this.#contribution) viewer.viewer.write(message);
          },
        };
        this.#contribution = room.contribute(this.#address, false, sink);
        unwatch = room.watch(viewer, sink);
      } else {
        unwatch = room.watch(viewer);
      }
    } else if (grant.canWrite && way !== 'out') {
      this.#contribution = room.contribute(this.#address, way === 'in', null);
    }
    this.#leaveRoom = () => {
      unwatch();
      this.#contribution?.leave();
      leave();
    };
    this.#callOff = atTime(grant.endsMs, () => this.#part(POLICY_VIOLATION, 'the token has expired'));
    this.#hall.log.debug('visitor came', { topic: this.#place.path, from: this.#address });
  }

  /** Closes the connection with a reason. */
  #part(code: number, reason: string): void {
    this.#leave();
    this.#socket.close(code, closeReason(reason));
  }

  #leave(): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#early = [];
    this.#callOff();
    this.#heartbeat.stop();
    this.#leaveRoom();
    this.#hall.left(this, this.#address);
  }
}
