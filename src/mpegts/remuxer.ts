// Joins the tracks of several feeds into one program and changes it while it runs: PIDs, counters, stamps, tables.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.3, §2.4.4, §2.7.

import { JOIN_PATIENCE, type Patience, type ProgramFacts } from './handover.js';
import { OutputTracks } from './output-track.js';
import { concatenate } from './packet-runs.js';
import { PacketPath } from './packet-path.js';
import { NULL_PID, PACKET_BYTES } from './packet.js';
import { ProgramOutput } from './program-output.js';
import { areSameInputs, choosePcrTrack, findReplacements, isMuted, planTracks, putInForce } from './program-plan.js';
import type { RemuxInput, Replacement } from './program-plan.js';
import { RemuxFeed, type RemuxTrack } from './remux-feed.js';
import type { LeftOutTrack, RemuxCounters, RemuxedClock, RemuxedFeed, RemuxedProgram } from './remux-report.js';
import { StartHold } from './start-hold.js';
import { TICKS_PER_MS } from './timestamp.js';
import type { TrackKind } from './track.js';
import { leftOutSound, takesAny, takesSound } from './wanted-tracks.js';

/** Media flows if a message came within this time. */
const FLOWING_MS = 600;
const NOTHING = new Uint8Array(0);

export type { RemuxInput } from './program-plan.js';

export class Remuxer implements ProgramFacts {
  /**
   * Offset in what `push` returned last of the first place where somebody can join: the PAT before a random access
   * point, of a picture if the program has any; -1 if there is none.
   */
  get joinAt(): number {
    return this.#output.joinAt;
  }

  readonly #feeds = new Map<string, RemuxFeed>();
  #latest: RemuxFeed | null = null; // whose message came last: the next is most likely its, too
  #inputs: readonly RemuxInput[] = [];
  #replacements: Replacement[] = [];
  #pids: number[] | null = null;
  #saysMuted = false; // the tables do

  readonly #tracks = new OutputTracks();
  readonly #output: ProgramOutput;
  readonly #path: PacketPath;

  /**
   * @param isLent what is returned is good until the next call of any that lends: nothing is allocated for a message.
   * @param patience how long a picture waits for a random access point to begin with.
   */
  constructor(
    isLent = false,
    private readonly patience: Patience = JOIN_PATIENCE,
  ) {
    this.#output = new ProgramOutput(isLent);
    this.#path = new PacketPath(this.#output, patience, {
      replan: () => this.#rebuild(true),
      replaceBy: (feed) => {
        this.#replacements = this.#replacements.filter(({ to }) => to !== feed);
        this.#rebuild(true);
      },
    });
  }

  get counters(): Readonly<RemuxCounters> {
    return this.#output.counters;
  }

  /** version_number of the output's PMT; -1 before the first. */
  get pmtVersion(): number {
    return this.#output.tables.version;
  }

  /** The tracks of the program, in its PMT's order. */
  get program(): RemuxedProgram {
    const { plan, pcrTrack, tables } = this.#output;
    const tracks = plan.map(({ feed, track }) => ({
      feed: feed.name,
      inputPid: track.track.pid,
      pid: track.out!.pid, // every planned track has one
      streamType: track.track.streamType,
      kind: track.kind,
      streamId: track.out!.streamId,
    }));
    return { version: tables.version, pcrPid: pcrTrack?.track.out?.pid ?? NULL_PID, tracks };
  }

  /** PAT and PMT as they are now, for somebody who joins; `null` before there is a program. */
  get tables(): Uint8Array | null {
    return this.#output.sentTables ? this.#output.tables.copy() : null;
  }

  get keyPid(): number {
    return this.#output.keyTrack?.out?.pid ?? -1;
  }

  get pids(): readonly number[] {
    return (this.#pids ??= this.#output.plan.map(({ track }) => track.out!.pid)); // every planned track has one
  }

  get marksAccess(): boolean {
    return this.#output.keyTrack?.marksAccess ?? false;
  }

  get hasStamps(): boolean {
    return (this.#output.keyTrack?.clock ?? null) !== null;
  }

  /** The feed whose track {@link keyPid} is; `null` if there is none. */
  get keyFeed(): string | null {
    const { plan, keyTrack } = this.#output;
    return plan.find(({ track }) => track === keyTrack)?.feed.name ?? null;
  }

  /** Whether a picture of this feed waits for a random access point to begin with. */
  awaitsAccessOf(feed: string): boolean {
    const isWaiting = ({ kind, waitsSinceMs }: RemuxTrack) => kind === 'video' && !Number.isNaN(waitsSinceMs);
    return this.#feeds.get(feed)?.tracks.some(isWaiting) ?? false;
  }

  get clocks(): RemuxedClock[] {
    return [...this.#feeds.values()].flatMap(({ name, clock }) => {
      if (!clock) return [];
      return {
        feed: name,
        offsetMs: clock.offset / TICKS_PER_MS,
        errorMs: this.#output.clock.errorOf(clock) / TICKS_PER_MS,
        driftPpm: clock.driftPpm,
        isReference: this.#output.clock.isReference(clock),
      };
    });
  }

  /** Units held up because their DTS went back, those sent before the PCR, and times a feed was lined up anew. */
  get timing(): { readonly heldUnits: number; readonly lateUnits: number; readonly jumps: number } {
    const { heldUnits, lateUnits, jumps } = this.#output.clock;
    return { heldUnits, lateUnits, jumps };
  }

  /** How each input does. */
  feedStates(nowMs: number): RemuxedFeed[] {
    return [...this.#feeds.values()].map(({ name, clock, dropped, tracksLeftOut }) => ({
      feed: name,
      rate: clock?.pace.rate(nowMs) ?? NaN,
      tooLateMs: clock ? this.#output.clock.tooLate(clock, nowMs) / TICKS_PER_MS : 0,
      dropped,
      tracksLeftOut,
    }));
  }

  /** The sound, and what may be sound, of feeds of which the picture alone is taken. */
  get withheld(): LeftOutTrack[] {
    return leftOutSound(this.#inputs, this.#feeds);
  }

  /** How many {@link feeds} there are. */
  get feedCount(): number {
    return this.#feeds.size;
  }

  /** The feeds whose messages are wanted: the inputs, and those that run on until they are replaced. */
  get feeds(): string[] {
    return [...this.#feeds.keys()];
  }

  /**
   * Makes the program one of these inputs. In force when it returns: no packet of a track that was taken out leaves
   * afterwards, but for a video track that is replaced (at most as long as the patience). Returns tables to send at once, or `null` if the
   * program is what it was.
   */
  setInputs(inputs: readonly RemuxInput[], nowMs: number): Uint8Array | null {
    this.#output.joinAt = -1;
    if (areSameInputs(inputs, this.#inputs)) return null;
    const sent = this.#sendUnmuted(inputs, nowMs);
    this.#replacements = findReplacements(this.#output.plan, inputs, this.#replacements, nowMs);
    const before = this.#inputs;
    this.#inputs = inputs.map(({ feed, select, trimMs = 0 }) => ({ feed, select, trimMs }));
    for (const { feed: name, trimMs = 0, tables } of inputs) {
      let feed = this.#feeds.get(name);
      if (!feed) this.#feeds.set(name, (feed = new RemuxFeed(name)));
      this.#output.clock.setTrim(feed, trimMs * TICKS_PER_MS);
      if (tables && !feed.program) feed.prime(tables);
    }
    for (const feed of this.#feeds.values()) this.#withholdSound(feed, inputs, before);
    this.#output.clock.pcr.isShared = inputs.length > 1;
    this.#output.clock.pcr.mostTrim = Math.max(0, ...inputs.map(({ trimMs = 0 }) => trimMs)) * TICKS_PER_MS;
    this.#rebuild(true);
    const tables = this.#output.pendingTables(nowMs);
    return sent && tables ? concatenate([sent, tables]) : (sent ?? tables);
  }

  /** A feed that runs on until it is replaced is muted: it ends at once. Returns packets to send, or `null`. */
  endReplaced(feed: string, nowMs: number): Uint8Array | null {
    this.#output.joinAt = -1;
    const running = this.#replacements.filter(({ from }) => from !== feed);
    if (running.length === this.#replacements.length) return null;
    this.#replacements = running;
    this.#rebuild(true);
    return this.#output.pendingTables(nowMs);
  }

  /**
   * Takes a message of a feed: whole packets. `begins` says that another source sends them, `facts` what is known of them
   * from before and of the message, `joinAt` its first random access point by what they say (-1: none). Returns what to send.
   */
  push(
    feed: string,
    data: Uint8Array,
    begins: boolean,
    nowMs: number,
    facts: ProgramFacts | null = null,
    joinAt = 0,
  ): Uint8Array | null {
    this.#output.joinAt = -1;
    const from = this.#latest?.name === feed ? this.#latest : (this.#latest = this.#feeds.get(feed) ?? null);
    if (from === null) return null;
    from.facts = facts;
    if (begins) {
      this.#output.clock.retire(from);
      this.#endHold(from);
      from.begin();
    }
    this.#endReplacements(nowMs);
    this.#output.pace.note(nowMs);
    if (!from.clock && (from.hold || this.#output.clock.hasReference)) {
      data = this.#prime(from, data);
      if (this.#isHeld(from, data, nowMs)) return null;
    }
    from.isWithoutAccess = joinAt === -1 && facts?.undecidedAt === -1;
    return from.hold ? this.#remuxHeld(from, nowMs) : this.#remux(from, data, nowMs);
  }

  /** Notes whether sound of a feed is wanted. What waits from before that changed, as with a mute, is not sent later. */
  #withholdSound(feed: RemuxFeed, inputs: readonly RemuxInput[], before: readonly RemuxInput[]): void {
    feed.isWithoutSound = !takesSound(inputs, feed.name);
    const hasChanged = feed.isWithoutSound === takesSound(before, feed.name);
    // Pictures go on waiting: the sound beside them is no part of the program when they leave.
    if ((hasChanged && !feed.hasPictures) || !takesAny(before, feed.name)) this.#endHold(feed);
  }

  /** Feeds whose sound is wanted again: pictures that wait are sent before that, and the sound beside them is not. */
  #sendUnmuted(inputs: readonly RemuxInput[], nowMs: number): Uint8Array | null {
    let sent: Uint8Array | null = null;
    for (const feed of this.#feeds.values()) {
      if (!feed.hold || !feed.isWithoutSound || !feed.hasPictures || !takesSound(inputs, feed.name)) continue;
      const more = this.#remuxHeld(feed, nowMs);
      sent = sent && more ? concatenate([sent, more]) : (more?.slice() ?? sent); // it is lent
    }
    return sent;
  }

  #remux(from: RemuxFeed, data: Uint8Array, nowMs: number): Uint8Array | null {
    this.#output.open(data, nowMs);
    this.#path.push(from, data, nowMs);
    this.#output.makePcr(from, nowMs);
    for (const track of from.tracks) track.keepLast(data);
    return this.#output.buffer.close();
  }

  /** Sends what has waited of a feed; its clock learns from it as it came. `null`: nothing has. */
  #remuxHeld(from: RemuxFeed, nowMs: number): Uint8Array | null {
    const { hold } = from;
    if (!hold) return null;
    from.firstSample = hold.sample;
    from.isWithoutAccess = false; // what is known is known of the last message
    this.#endHold(from);
    const { clock } = this.#output;
    this.#output.open(concatenate(hold.messages.map(({ data }) => data)), nowMs);
    for (const { data, atMs } of hold.messages) {
      clock.waitedMs = nowMs - atMs;
      this.#path.push(from, data, nowMs);
      for (const track of from.tracks) track.keepLast(data);
    }
    clock.waitedMs = 0;
    this.#output.makePcr(from, nowMs);
    return this.#output.buffer.close();
  }

  #endHold(feed: RemuxFeed): void {
    feed.hold = null;
    this.#output.clock.held = this.#output.clock.held.filter((other) => other !== feed);
  }

  /**
   * Reads the tables of a message that may have to wait, and returns what may. Where no sound is wanted, what came before they
   * said something new does not: what it is they did not say.
   */
  #prime(feed: RemuxFeed, data: Uint8Array): Uint8Array {
    const behind = feed.prime(data);
    if (behind === -1) return data;
    this.#rebuild(true);
    if (!feed.isWithoutSound) return data;
    const { counters } = this.#output;
    const packets = ((feed.hold?.bytes ?? 0) + behind) / PACKET_BYTES;
    counters.taken += packets;
    counters.leftOut += packets;
    this.#endHold(feed);
    return data.subarray(behind);
  }

  /** Whether a message waits with the first units of its feed, or else whether it is the last that did. */
  #isHeld(feed: RemuxFeed, data: Uint8Array, nowMs: number): boolean {
    const isWorthIt = feed.program !== null && feed.mediaCount > 0;
    if (!feed.hold && !isWorthIt) return false;
    if (!feed.hold) {
      feed.hold = new StartHold(nowMs, feed.tracks);
      this.#output.clock.held = [...this.#output.clock.held, feed];
    }
    return !feed.hold.push(data, nowMs) && isWorthIt;
  }

  /** The feed's source is gone: its tracks leave the program. Returns tables and units that were held to send, or `null`. */
  leave(feed: string, nowMs: number): Uint8Array | null {
    this.#output.joinAt = -1;
    const gone = this.#feeds.get(feed);
    if (!gone) return null;
    const last = this.#remuxHeld(gone, nowMs);
    this.#output.clock.retire(gone);
    gone.leave();
    this.#rebuild(false);
    const tables = this.#output.pendingTables(nowMs);
    return last && tables ? concatenate([last, tables]) : (last ?? tables);
  }

  /** What time alone makes due: called every {@link TICK_MS} while there is a rule. Returns packets to send, or `null`. */
  tick(nowMs: number): Uint8Array | null {
    this.#output.joinAt = -1;
    this.#endReplacements(nowMs);
    const sinceMs = this.#output.pace.sinceMs(nowMs);
    const isFlowing = sinceMs <= FLOWING_MS || sinceMs <= this.#output.clock.stepMs * 1.5;
    if (!isFlowing || this.#output.plan.length === 0) return this.#output.pendingTables(nowMs);
    const made = this.#output.isTickDue(nowMs) ? this.#makeDue(nowMs) : null;
    const late = this.#endHolds(nowMs);
    return made && late ? concatenate([made, late]) : (made ?? late);
  }

  #makeDue(nowMs: number): Uint8Array | null {
    this.#output.buffer.open(NOTHING, PACKET_BYTES + this.#output.tables.length);
    this.#output.tick(nowMs);
    return this.#output.buffer.close()?.slice() ?? null; // the buffer may be wanted once more
  }

  /** First units that nothing came after for so long that there is no point in waiting. */
  #endHolds(nowMs: number): Uint8Array | null {
    if (this.#output.clock.held.length === 0) return null;
    for (const feed of this.#feeds.values()) {
      if (feed.hold?.isOver(nowMs)) return this.#remuxHeld(feed, nowMs); // others have their turn with the next tick
    }
    return null;
  }

  /** Plans the program anew. Without tracks nothing is said, unless `byRule`: a far end may as well keep its PMT. */
  #rebuild(byRule: boolean): void {
    this.#replacements = this.#replacements.filter(({ from, to }) => {
      const next = this.#feeds.get(to);
      const willCome = !next?.program || next.tracks.some(({ kind }) => kind === 'video');
      return this.#feeds.get(from)?.program && willCome;
    });
    const wanted = new Set([...this.#inputs.map(({ feed }) => feed), ...this.#replacements.map(({ from }) => from)]);
    for (const [name, feed] of this.#feeds) {
      if (wanted.has(name)) continue;
      this.#output.clock.retire(feed);
      this.#endHold(feed);
      this.#feeds.delete(name);
      this.#latest = null;
    }
    const { plan, descriptors, leftOut } = planTracks(this.#inputs, this.#feeds, this.#replacements);
    const before = this.#output.plan;
    this.#output.counters.tracksLeftOut = leftOut;
    this.#output.plan = plan;
    const ofKind = (kind: TrackKind) => plan.find(({ track }) => track.kind === kind)?.track ?? null;
    this.#output.keyTrack = ofKind('video') ?? ofKind('audio');
    this.#pids = null;
    this.#output.pcrTrack = choosePcrTrack(plan, this.#output.pcrTrack);
    // A mute that was said is taken back, also where nothing came meanwhile.
    const says = before.length > 0 || (this.#output.sentTables && isMuted(this.#inputs) !== this.#saysMuted);
    if (plan.length === 0 && !(byRule && says)) {
      for (const { track } of before) {
        if (track.out) track.out.inUse = false;
        track.out = null;
        track.stop();
      }
      return;
    }
    this.#saysMuted = plan.length === 0 && isMuted(this.#inputs);
    if (putInForce(plan, before, descriptors, this.#output.pcrTrack, this.#tracks, this.#output.tables))
      this.#output.tablesPending = true;
  }

  #endReplacements(nowMs: number): void {
    if (this.#replacements.length === 0) return;
    const running = this.#replacements.filter(({ to, sinceMs }) => {
      const { markedMs, unmarkedMs } = this.patience;
      return nowMs - sinceMs < (this.#feeds.get(to)?.marksAccess === true ? markedMs : unmarkedMs);
    });
    if (running.length === this.#replacements.length) return;
    this.#replacements = running;
    this.#rebuild(true);
  }
}
