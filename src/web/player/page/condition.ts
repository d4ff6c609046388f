// The player's state and its message for people, derived from what arrives, what is shown, and the server's status. The
// only place where that is decided. Pure: time is an argument. Milliseconds.

import type { PlayStatus } from '../../../http/answer/play-status.js';
import type { ArrivalRhythm } from '../media/arrival-rhythm.js';

/**
 * The state of the player:
 *
 *   connecting ─▶ waiting ─▶ playing ◀─▶ frozen (the picture has stopped, the sound goes on)
 *        ▲            │         └──────▶ away (nothing comes)
 *        └── lost ◀───┴── any; refused and unplayable last until the user acts
 */
export type PlayerState = 'connecting' | 'waiting' | 'playing' | 'frozen' | 'away' | 'lost' | 'refused' | 'unplayable';

/** A track of the program. */
export interface TrackCondition {
  /** The timing of its units; null: none has arrived. */
  readonly rhythm: ArrivalRhythm | null;
  /** Its name for people. */
  readonly name: string;
  /** Why it cannot be played here; '': no reason is known. */
  readonly fault: string;
}

/** The facts about an open connection. */
export interface PlayerFacts {
  readonly openedAt: number;
  /** When playable media last arrived; 0: never. */
  readonly arrivedAt: number;
  /** When other data last arrived; 0: never. */
  readonly dataAt: number;
  /** null: the program has none. */
  readonly picture: TrackCondition | null;
  readonly sound: TrackCondition | null;
  /** Whether the picture on the screen is from a player that is still running. */
  readonly isShown: boolean;
  /** What the PMT that arrived last says is muted; null: nothing. */
  readonly signalled: 'audio' | 'all' | null;
  /** The server's status; null: it has not answered yet. */
  readonly server: PlayStatus | null;
  /** Whether the server answers status requests. */
  readonly isReachable: boolean;
}

/** The player's condition. */
export interface PlayerCondition {
  readonly state: PlayerState;
  /** The message for people; '': all is well. */
  readonly text: string;
  /** Since when the picture has been frozen; null: it is not, or there is none. */
  readonly frozenAt: number | null;
  /** Whether the host has muted picture and sound: the last picture must not stay. */
  readonly isMuted: boolean;
}

/** Time without media after which it is reported. */
const AWAY_MS = 2000;
/** A picture this far behind its sound is an old one. */
const OLD_MS = 2000;
const SOUND_MUTED = 'The sound is muted by the host.';
const ALL_MUTED = 'Picture and sound are muted by the host.';
/** The server samples once a second and is polled once a second: for this long its status may miss a recovery. */
const RECOVERY_GRACE_MS = 2500;
/** Faults that explain why something does not arrive; others may be unrelated to what is missing. */
const ABSENCE_FAULTS = new Set(['no-rule', 'no-source', 'silent', 'no-tables', 'opaque-ts', 'track-stopped']);
/** Of those, faults of a whole feed or topic, not of one of its tracks. */
const WHOLE_SOURCE_FAULTS = new Set(['no-rule', 'no-source', 'silent']);
/** Faults of data that does arrive. */
const UNREADABLE = new Set(['no-tables', 'opaque-ts']);

/** Derives the condition from the facts. */
export function conditionOf(facts: PlayerFacts, nowMs: number): PlayerCondition {
  if (isAllMuted(facts, nowMs)) return { state: 'away', text: ALL_MUTED, frozenAt: null, isMuted: true };
  return { ...mediaCondition(facts, nowMs), isMuted: false };
}

/**
 * Whether everything is muted. The tables of a muted program go on, so it is not silent. What the PMT says is true from the
 * mute's first packet to its last; the server's status comes later, and counts only while no media arrives.
 */
function isAllMuted(
  { signalled, server, isReachable, picture, sound, arrivedAt }: PlayerFacts,
  nowMs: number,
): boolean {
  if (signalled === 'all' && nowMs - arrivedAt <= AWAY_MS) return true;
  if (server?.muted !== 'all' || !isReachable) return false;
  return signalled === 'all' || ![picture, sound].some((track) => track?.rhythm?.isAlive(nowMs) === true);
}

function mediaCondition(facts: PlayerFacts, nowMs: number): Omit<PlayerCondition, 'isMuted'> {
  const { picture, sound } = facts;
  const isHeard = sound?.rhythm?.isAlive(nowMs) === true;
  const frozenAt = frozenSince(facts, nowMs);
  if (picture && picture.fault !== '') {
    return { state: 'unplayable', text: `${picture.fault}${isHeard ? ' The sound goes on.' : ''}`, frozenAt };
  }
  if (frozenAt !== null) {
    if (!isHeard && nowMs - facts.arrivedAt > AWAY_MS) return { state: 'away', text: awayText(facts, nowMs), frozenAt };
    return { state: 'frozen', text: missing('The picture has stopped', facts), frozenAt };
  }
  if (picture) {
    const isLive = picture.rhythm?.isAlive(nowMs) === true && picture.rhythm.isProven && facts.isShown;
    if (isLive) return { state: 'playing', text: soundText(facts, nowMs), frozenAt };
    // If both have just resumed, the sound may be slightly earlier.
    const heardMs = isHeard ? nowMs - Math.max(facts.openedAt, sound.rhythm.aliveSince) : 0;
    if (heardMs > AWAY_MS && picture.rhythm === null) {
      return { state: 'frozen', text: missing('No picture arrives', facts), frozenAt };
    }
  } else if (isHeard) {
    return { state: 'playing', text: soundText(facts, nowMs), frozenAt };
  }
  // A server that is itself waiting for a keyframe sends nothing meanwhile.
  const isHeldBack = facts.isReachable && facts.server?.fault?.code === 'waiting-for-keyframe';
  const isAway = nowMs - Math.max(facts.openedAt, facts.arrivedAt) > AWAY_MS;
  if (isAway && !isHeldBack) return { state: 'away', text: awayText(facts, nowMs), frozenAt };
  const reason = causeOf(facts);
  if (isMutedSound(facts)) return { state: 'waiting', text: SOUND_MUTED, frozenAt };
  return {
    state: 'waiting',
    text: reason === '' ? 'Waiting for a picture…' : sentence('Waiting for a picture', reason),
    frozenAt,
  };
}

/** When the last picture was shown, if the next is overdue. */
function frozenSince({ picture, sound }: PlayerFacts, nowMs: number): number | null {
  const rhythm = picture?.rhythm;
  if (!rhythm) return null;
  // Media from a cache has just arrived but may be old: its sound, which continues, shows how old.
  const heard = sound?.rhythm;
  const behindMs = heard?.isProven && heard.isAlive(nowMs) ? heard.timeMs - rhythm.timeMs : 0;
  const isOld = !rhythm.isProven && behindMs > Math.max(OLD_MS, rhythm.expectedIntervalMs * 2.5);
  if (rhythm.isAlive(nowMs) && !isOld) return null;
  return isOld ? nowMs - behindMs : rhythm.lastArrivalMs;
}

/** The message about the sound while a picture is shown. */
function soundText(facts: PlayerFacts, nowMs: number): string {
  const { picture, sound, server } = facts;
  const isHeard = sound?.rhythm?.isAlive(nowMs) === true;
  if (isHeard && sound.fault !== '') return sound.fault;
  if (!isHeard && mutedOf(facts) === 'audio') return SOUND_MUTED;
  const fault = server?.fault ?? null;
  const message = fault?.message ?? '';
  if (fault && message !== '' && isAbsence(facts)) {
    const backAt = Math.max(picture?.rhythm?.aliveSince ?? -1, isHeard ? sound.rhythm.aliveSince : -1);
    const isBackNow = nowMs - backAt < RECOVERY_GRACE_MS;
    // The fault may have been about the picture, not the sound.
    if (!isHeard) return isBackNow && WHOLE_SOURCE_FAULTS.has(fault.code) ? '' : sentence('No sound', message);
    return isBackNow ? '' : sentence('', message);
  }
  // A listed track that has not arrived yet has not stopped: it may have been added just now. The server reports it if
  // it lasts.
  if (sound?.rhythm && !isHeard) return missing('The sound has stopped', facts);
  return sentence('', message);
}

function awayText(facts: PlayerFacts, nowMs: number): string {
  if (!facts.isReachable) return 'Nothing arrives, and the server does not answer. Playback resumes by itself.';
  if (isMutedSound(facts)) return SOUND_MUTED;
  const isData = nowMs - facts.dataAt < AWAY_MS && facts.dataAt !== 0;
  const isUnreadable = UNREADABLE.has(facts.server?.fault?.code ?? '');
  const nothing = isUnreadable ? 'Nothing arrives that can be played' : 'Nothing arrives';
  const what = isData ? 'Data arrives, but nothing that can be played' : nothing;
  return `${sentence(what, causeOf(facts))} Playback resumes by itself.`;
}

/** Whether there is only sound, and the host has muted it: nothing playable is expected. */
function isMutedSound(facts: PlayerFacts): boolean {
  return facts.picture === null && mutedOf(facts) === 'audio' && (facts.server?.fault ?? null) === null;
}

/** What is muted, by the server's status or the PMT. */
function mutedOf({ server, signalled }: PlayerFacts): 'audio' | 'all' | null {
  return server?.muted ?? signalled;
}

/** The reason, as the server gives it. */
function causeOf({ server, isReachable }: PlayerFacts): string {
  if (!isReachable) return 'the server does not answer';
  if (server?.muted === 'all') return 'muted by the host';
  return server?.fault?.message ?? '';
}

/** Whether the server's fault explains why something does not arrive. */
function isAbsence({ server }: PlayerFacts): boolean {
  return ABSENCE_FAULTS.has(server?.fault?.code ?? '');
}

/** The message about missing media: with the reason, or with another fault that the server reports. */
function missing(what: string, facts: PlayerFacts): string {
  const reason = causeOf(facts);
  const isOther = reason !== '' && reason === facts.server?.fault?.message && !isAbsence(facts);
  return isOther ? `${what}. Also, ${reason}.` : sentence(what, reason);
}

function sentence(what: string, reason: string): string {
  const both = what !== '' && reason !== '' ? `${what}: ${reason}` : what + reason;
  if (both === '') return '';
  const text = both.charAt(0).toUpperCase() + both.slice(1);
  return /[.?!]$/.test(text) ? text : `${text}.`;
}
