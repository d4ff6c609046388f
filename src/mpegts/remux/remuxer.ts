// Combines tracks of several feeds into one program, and changes it while it runs: PIDs, counters, timestamps, tables.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.3, §2.4.4, §2.7.

import type { AccessTimeouts, ProgramFacts } from '../splice/splicer.js';
import type { ResultLifetime } from '../packet/output-buffer.js';
import type { MutedPart } from '../mute/mute-filter.js';
import { OutputTracks } from './output-track.js';
import { concatenate } from '../packet/packet-runs.js';
import { PacketPath } from './packet-path.js';
import { NULL_PID, PACKET_BYTES } from '../packet/packet.js';
import { ProgramOutput } from './program-output.js';
import { areSameInputs, assignPids, choosePcrTrack, entriesOf, findReplacements, planTracks } from './program-plan.js';
import type { RemuxInput, PendingFeedSwitch } from './program-plan.js';
import { type FeedMessage, RemuxFeed, type RemuxTrack } from './remux-feed.js';
import type { OmittedTrack, RemuxCounters, RemuxedClock, RemuxedFeed, RemuxedProgram } from './remux-report.js';
import { reportClocks, reportFeeds } from './remux-report.js';
import { StartHold } from '../clock/start-hold.js';
import { TICKS_PER_MS } from '../packet/timestamp.js';
import { withheldPart } from './track-selection.js';
import type { TrackKind } from '../psi/track.js';
import { isWithheld, omittedSound, selectsFeed, selectsSound } from './wanted-tracks.js';

/** Media flows if a message came within this time. */
const FLOWING_MS = 600;
const NOTHING = new Uint8Array(0);

export type { RemuxInput } from './program-plan.js';

export class Remuxer implements ProgramFacts {
  /**
   * The offset in the last result of `push` of the first place where a reader can start: the PAT before a random access
   * point, of a video track if the program has one; -1 if there is none.
   */
  get accessPointOffset(): number {
    return this.#output.accessPointOffset;
  }

  readonly #feeds = new Map<string, RemuxFeed>();
  #latest: RemuxFeed | null = null; // the feed of the last message: the next is most likely its, too
  #inputs: readonly RemuxInput[] = [];
  #replacements: PendingFeedSwitch[] = [];
  #pids: number[] | null = null;

  readonly #timeouts: AccessTimeouts;
  readonly #tracks = new OutputTracks();
  readonly #output: ProgramOutput;
  readonly #packetPath: PacketPath;

  /**
   * @param lifetime of results; if they are lent, nothing is allocated for a message.
   * @param timeouts how long a video track waits for a random access point to start with.
   */
  constructor(lifetime: ResultLifetime, timeouts: AccessTimeouts) {
    this.#timeouts = timeouts;
    this.#output = new ProgramOutput(lifetime);
    this.#packetPath = new PacketPath(this.#output, timeouts, {
      replan: () => this.#rebuild(),
      replaceBy: (feed) => {
        this.#replacements = this.#replacements.filter(({ to }) => to !== feed);
        this.#rebuild();
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

  /** The program's tracks, in the order of the PMT. */
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

  /** The current PAT and PMT, for a new reader; `null` before there is a program. */
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

  /** Whether a video track of this feed waits for a random access point to start with. */
  awaitsAccessOf(feed: string): boolean {
    const isWaiting = ({ kind, waitsSinceMs }: RemuxTrack) => kind === 'video' && !Number.isNaN(waitsSinceMs);
    return this.#feeds.get(feed)?.tracks.some(isWaiting) ?? false;
  }

  get clocks(): RemuxedClock[] {
    return reportClocks([...this.#feeds.values()], this.#output.clock);
  }

  /** Units whose DTS was increased, units sent with a DTS before the PCR, and how often a feed was aligned again. */
  get timing(): { readonly heldUnits: number; readonly lateUnits: number; readonly jumps: number } {
    const { heldUnits, lateUnits, jumps } = this.#output.clock;
    return { heldUnits, lateUnits, jumps };
  }

  /** The state of each input. */
  feedStates(nowMs: number): RemuxedFeed[] {
    return reportFeeds([...this.#feeds.values()], this.#output.clock, nowMs);
  }

  /** The tracks that are, or may be, audio, of feeds from which only video is selected. */
  get withheld(): OmittedTrack[] {
    return omittedSound(this.#inputs, this.#feeds);
  }

  /** What of it mutes withhold. */
  get mutedPart(): MutedPart {
    return withheldPart(this.#inputs, this.#output.plan.length === 0 ? 'nothing' : 'tracks');
  }

  /** The number of {@link feeds}. */
  get feedCount(): number {
    return this.#feeds.size;
  }

  /** The feeds whose messages are used: the inputs, and those that are sent until they are replaced. */
  get feeds(): string[] {
    return [...this.#feeds.keys()];
  }

  /**
   * Changes the inputs of the program. The change is in force on return: no further packet of a removed track is sent,
   * except for a video track that is being replaced (for at most the time-outs). Returns tables to send at once, or `null`
   * if the program is unchanged.
   */
  setInputs(inputs: readonly RemuxInput[], nowMs: number): Uint8Array | null {
    this.#output.accessPointOffset = -1;
    if (areSameInputs(inputs, this.#inputs)) return null;
    const sent = this.#flushHeldVideo(inputs, nowMs);
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
    this.#output.clock.pcr.mayHaveOtherFeeds = inputs.length > 1;
    this.#output.clock.pcr.maxTrim = Math.max(0, ...inputs.map(({ trimMs = 0 }) => trimMs)) * TICKS_PER_MS;
    this.#rebuild();
    const tables = this.#output.pendingTables(nowMs);
    return sent && tables ? concatenate([sent, tables]) : (sent ?? tables);
  }

  /** Ends a feed that is sent until it is replaced, because it is muted. Returns packets to send, or `null`. */
  endReplaced(feed: string, nowMs: number): Uint8Array | null {
    this.#output.accessPointOffset = -1;
    const running = this.#replacements.filter(({ from }) => from !== feed);
    if (running.length === this.#replacements.length) return null;
    this.#replacements = running;
    this.#rebuild();
    return this.#output.pendingTables(nowMs);
  }

  /** Processes a message of a feed, and returns the packets to send. */
  push(feed: string, message: FeedMessage, nowMs: number): Uint8Array | null {
    this.#output.accessPointOffset = -1;
    const from = this.#latest?.name === feed ? this.#latest : (this.#latest = this.#feeds.get(feed) ?? null);
    if (from === null) return null;
    const facts = message.facts ?? null;
    let { data } = message;
    from.facts = facts;
    if (message.startsSource) {
      this.#output.clock.retire(from);
      this.#endHold(from);
      from.startSource();
    }
    this.#endReplacements(nowMs);
    this.#output.pace.messageArrived(nowMs);
    if (!from.clock && (from.startHold || this.#output.clock.reference)) {
      data = this.#prime(from, data);
      if (this.#isHeld(from, data, nowMs)) return null;
    }
    from.isWithoutAccess = message.accessPointOffset === -1 && facts?.undecidedAt === -1;
    return from.startHold ? this.#remuxHeld(from, nowMs) : this.#remux(from, data, nowMs);
  }

  /** Records whether a feed's audio is selected. Units held from before a change, such as a mute, are never sent. */
  #withholdSound(feed: RemuxFeed, inputs: readonly RemuxInput[], before: readonly RemuxInput[]): void {
    const hasChanged = feed.useSound(selectsSound(inputs, feed.name) ? 'selected' : 'withheld');
    // Video remains held: when it is sent, the audio with it is not part of the program.
    if ((hasChanged && !feed.hasPictures) || !selectsFeed(before, feed.name)) this.#endHold(feed);
  }

  /** Sends held video of feeds whose audio is selected again, without the audio held with it, before that takes effect. */
  #flushHeldVideo(inputs: readonly RemuxInput[], nowMs: number): Uint8Array | null {
    let sent: Uint8Array | null = null;
    for (const feed of this.#feeds.values()) {
      if (!feed.startHold || !feed.isWithoutSound || !feed.hasPictures || !selectsSound(inputs, feed.name)) continue;
      const more = this.#remuxHeld(feed, nowMs);
      sent = sent && more ? concatenate([sent, more]) : (more?.slice() ?? sent); // valid only until the next call
    }
    return sent;
  }

  #remux(from: RemuxFeed, data: Uint8Array, nowMs: number): Uint8Array | null {
    this.#output.open(data, nowMs);
    this.#packetPath.push(from, data, nowMs);
    this.#output.makePcr(from, nowMs);
    for (const track of from.tracks) track.keepLast(data);
    return this.#output.buffer.close();
  }

  /** Sends a feed's held messages; its clock samples them as of their arrival. `null`: none are held. */
  #remuxHeld(from: RemuxFeed, nowMs: number): Uint8Array | null {
    const { startHold } = from;
    if (!startHold) return null;
    from.firstSample = startHold.sample;
    from.isWithoutAccess = false; // the facts describe the last message only
    this.#endHold(from);
    const { clock } = this.#output;
    this.#output.open(concatenate(startHold.messages.map(({ data }) => data)), nowMs);
    for (const { data, atMs } of startHold.messages) {
      clock.waitedMs = nowMs - atMs;
      this.#packetPath.push(from, data, nowMs);
      for (const track of from.tracks) track.keepLast(data);
    }
    clock.waitedMs = 0;
    this.#output.makePcr(from, nowMs);
    return this.#output.buffer.close();
  }

  #endHold(feed: RemuxFeed): void {
    feed.startHold = null;
    this.#output.clock.held = this.#output.clock.held.filter((other) => other !== feed);
  }

  /**
   * Reads the tables of a message that may be held, and returns the part that may. If no audio is selected, what came
   * before a change of the tables is dropped: the tables did not describe it.
   */
  #prime(feed: RemuxFeed, data: Uint8Array): Uint8Array {
    const behind = feed.prime(data);
    if (behind === -1) return data;
    this.#rebuild();
    if (!feed.isWithoutSound) return data;
    const { counters } = this.#output;
    const packets = ((feed.startHold?.bytes ?? 0) + behind) / PACKET_BYTES;
    counters.received += packets;
    counters.omitted += packets;
    this.#endHold(feed);
    return data.subarray(behind);
  }

  /** Whether to hold a message together with the first units of its feed; false also for the last such message. */
  #isHeld(feed: RemuxFeed, data: Uint8Array, nowMs: number): boolean {
    const isWorthIt = feed.program !== null && feed.mediaCount > 0;
    if (!feed.startHold && !isWorthIt) return false;
    if (!feed.startHold) {
      const { clock } = this.#output;
      feed.startHold = new StartHold(nowMs, feed.tracks, (at) => clock.reference?.isFitToPlace(at) !== false);
      clock.held = [...clock.held, feed];
    }
    return !feed.startHold.push(data, nowMs) && isWorthIt;
  }

  /** The feed's source is gone: its tracks leave the program. Returns tables and units that were held to send, or `null`. */
  endSource(feed: string, nowMs: number): Uint8Array | null {
    this.#output.accessPointOffset = -1;
    const gone = this.#feeds.get(feed);
    if (!gone) return null;
    const last = this.#remuxHeld(gone, nowMs);
    this.#output.clock.retire(gone);
    gone.endSource();
    this.#rebuild('source');
    const tables = this.#output.pendingTables(nowMs);
    return last && tables ? concatenate([last, tables]) : (last ?? tables);
  }

  /** Called every {@link TICK_MS} while there is a rule. Returns packets that are due by time alone, or `null`. */
  tick(nowMs: number): Uint8Array | null {
    this.#output.accessPointOffset = -1;
    this.#endReplacements(nowMs);
    const sinceMs = this.#output.pace.sinceMs(nowMs);
    const isFlowing = sinceMs <= FLOWING_MS || sinceMs <= this.#output.clock.unitIntervalMs * 1.5;
    const isMuted = this.#output.plan.length === 0 && isWithheld(this.#inputs, this.#feeds);
    if (isFlowing && isMuted) return this.#output.mutedTables(this.mutedPart, nowMs);
    if (!isFlowing || this.#output.plan.length === 0) return this.#output.pendingTables(nowMs);
    const made = this.#output.isTickDue(nowMs) ? this.#makeDue(nowMs) : null;
    const late = this.#endHolds(nowMs);
    return made && late ? concatenate([made, late]) : (made ?? late);
  }

  #makeDue(nowMs: number): Uint8Array | null {
    this.#output.buffer.open(NOTHING, PACKET_BYTES + this.#output.tables.length);
    this.#output.tick(nowMs);
    return this.#output.buffer.close()?.slice() ?? null; // the buffer may be used once more
  }

  /** Sends the first units of a feed if their hold timed out without further data. */
  #endHolds(nowMs: number): Uint8Array | null {
    if (this.#output.clock.held.length === 0) return null;
    for (const feed of this.#feeds.values()) {
      if (feed.startHold?.isOver(nowMs)) return this.#remuxHeld(feed, nowMs); // other feeds' holds end with the next tick
    }
    return null;
  }

  /** Plans the program again. Without tracks no tables are sent, unless a rule says so: a receiver may as well keep its PMT. */
  #rebuild(cause: 'rule' | 'source' = 'rule'): void {
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
    const { plan, descriptors, omitted } = planTracks(this.#inputs, this.#feeds, this.#replacements);
    const before = this.#output.plan;
    this.#output.counters.omittedTracks = omitted;
    this.#output.plan = plan;
    const ofKind = (kind: TrackKind) => plan.find(({ track }) => track.kind === kind)?.track ?? null;
    this.#output.keyTrack = ofKind('video') ?? ofKind('audio');
    this.#pids = null;
    this.#output.pcrTrack = choosePcrTrack(plan, this.#output.pcrTrack);
    // An announced mute is withdrawn, also if no track came meanwhile.
    const says = before.length > 0 || (this.#output.sentTables && this.mutedPart !== this.#output.mutedPart);
    if (plan.length === 0 && !(cause === 'rule' && says)) {
      for (const { track } of before) {
        if (track.out) track.out.inUse = false;
        track.out = null;
        track.stop();
      }
      return;
    }
    this.#output.mutedPart = this.mutedPart;
    assignPids(plan, before, this.#tracks);
    const pcrPid = this.#output.pcrTrack?.track.out?.pid ?? NULL_PID;
    if (this.#output.tables.describe(pcrPid, descriptors, entriesOf(plan))) this.#output.tablesPending = true;
  }

  #endReplacements(nowMs: number): void {
    if (this.#replacements.length === 0) return;
    const running = this.#replacements.filter(({ to, sinceMs }) => {
      const { markedMs, unmarkedMs } = this.#timeouts;
      return nowMs - sinceMs < (this.#feeds.get(to)?.marksAccess === true ? markedMs : unmarkedMs);
    });
    if (running.length === this.#replacements.length) return;
    this.#replacements = running;
    this.#rebuild();
  }
}
