// One WebSocket of somebody who came to us: shows its token, then publishes or watches until its time is over.
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

/** What a stranger may send before it is known. */
const MAX_STRANGER_BYTES = 16 * 1024;

/** What the visitor is doing. */
type State = 'waiting' | 'checking' | 'in' | 'gone';

/** One WebSocket, from its upgrade to its end. */
export class Visitor {
  readonly #socket: WebSocket;
  readonly #carrier: Socket;
  readonly #place: Place;
  readonly #address: string;
  readonly #hall: Hall;
  #state: State = 'waiting';
  #early: { data: Buffer; isBinary: boolean }[] = []; // what came while its token was looked at
  #room: Room | null = null;
  #viewer: TopicViewer | null = null;
  #contribution: Contribution | null = null;
  #leaveRoom: () => void = () => undefined;
  #callOff: () => void; // what is timed: the token's coming, then its end
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
      this.#part(POLICY_VIOLATION, `no token came within ${tokenTimeoutMs / 1000} s: it is the first message`);
    }, tokenTimeoutMs).unref();
    this.#callOff = () => clearTimeout(late);
    const before = carrier.bytesRead;
    const measure = () => {
      if (this.#state !== 'waiting') carrier.off('data', measure);
      else if (carrier.bytesRead - before > MAX_STRANGER_BYTES) this.#part(TOO_BIG, 'the first message is the token');
    };
    carrier.on('data', measure);
  }

  /** Lets it in without a message, as its code or the lack of a secret says. */
  welcome(grant: Grant): void {
    try {
      this.#enter(grant);
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      this.#part(TRY_AGAIN_LATER, error.message);
    }
  }

  /** Its code is refused. */
  refuseCode(reason: string): void {
    this.#part(POLICY_VIOLATION, this.#hall.noteRefusal(this.#place, this.#address, reason));
  }

  /** Its place is another's. */
  giveWay(reason: string): void {
    this.#part(TRY_AGAIN_LATER, reason);
  }

  /** How long nothing has come from it, pongs included. */
  silentMs(nowMs: number): number {
    this.#listen(nowMs);
    return nowMs - this.#heardMs;
  }

  /** The server stops. */
  sendAway(): void {
    this.#part(1001, 'the server is stopping');
  }

  /** Gives up a viewer that takes nothing. To be called about once a second. */
  look(nowMs: number): void {
    this.#listen(nowMs);
    if (!this.#viewer?.isStuck(nowMs)) return;
    this.#room!.traffic.stuckViewers++; // a viewer is in a room
    this.#hall.tellStuck(this.#place, this.#address);
    this.#leave();
    this.#socket.terminate(); // a close frame would stand behind all that it does not take
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
      // Where no token is asked for, one may come all the same. It is answered, and nobody else's business.
      if (this.#hall.tokens === null && data.length <= MAX_STRANGER_BYTES && looksLikeToken(data.toString())) {
        this.#socket.send(verdictText(this.#place.path, data.toString(), true, 'ok'));
        return;
      }
    }
    if (this.#contribution) this.#contribution.take(data, isBinary);
    else if (isBinary && data.length > 0) {
      // Media that goes nowhere. Text may be a player's sign of life, and is not heard.
      const { way, topic } = this.#place;
      this.#part(POLICY_VIOLATION, way === 'out' ? `publish to /in/${topic}` : 'this token has not the scope "write"');
    }
  }

  /** The first message is the token. */
  async #check(data: Buffer, isBinary: boolean): Promise<void> {
    if (isBinary && !looksLikeToken(data.subarray(0, MAX_STRANGER_BYTES).toString())) {
      // Media: its sender knows of no token. It is not answered with what it has sent.
      this.#hall.noteMissingToken(this.#place, this.#address);
      this.#part(POLICY_VIOLATION, 'a token is required: it is the first message, before any media');
      return;
    }
    this.#state = 'checking';
    this.#socket.pause(); // what has been read of it already still comes
    const text = data.toString();
    const { path } = this.#place;
    try {
      const grant = await this.#hall.tokens!.admit(text, this.#place, Date.now()); // without a secret nobody waits
      if (this.#isGone()) return;
      this.#enter(grant, () => this.#socket.send(verdictText(path, text, true, 'ok')));
    } catch (error) {
      if (this.#isGone()) return;
      if (!(error instanceof TokenError || error instanceof LimitError)) {
        this.#hall.log.error('token could not be looked at', { topic: path, reason: (error as Error).stack });
        this.#part(INTERNAL_ERROR, 'a fault of the server: its log says more');
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

  /** As a call, because TypeScript thinks that `#state` cannot change across an await. */
  #isGone(): boolean {
    return this.#state === 'gone';
  }

  /** Comes into its room; `tell` is called before anything of the room is heard. Throws {@link LimitError}. */
  #enter(grant: Grant, tell: () => void = () => undefined): void {
    const { rooms, limits } = this.#hall;
    this.#hall.settle(this, grant, this.#address);
    const { room, leave } = rooms.enter(roomOf(this.#place), this, grant, this.#address);
    this.#leaveRoom = leave;
    this.#callOff();
    this.#state = 'in';
    this.#room = room;
    // A message that only has the form of a token is none where one was shown already.
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
        // Who does both does not hear itself.
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

  /** Takes no further part, and is told why. */
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
