// How it stands, in one word and in words for people: out of what arrives, what is shown, and what the server says. The
// one place where that is decided. Pure: time is an argument. Milliseconds.

import type { PlayStatus } from '../play-status.js';
import type { Rhythm } from './rhythm.js';

/**
 * How it stands:
 *
 *   connecting ─▶ waiting ─▶ playing ◀─▶ frozen (the picture has stopped, the sound goes on)
 *        ▲            │         └──────▶ away (nothing comes)
 *        └── lost ◀───┴── any; refused and unplayable need somebody to do something
 */
export type State = 'connecting' | 'waiting' | 'playing' | 'frozen' | 'away' | 'lost' | 'refused' | 'unplayable';

/** A track of the program. */
export interface TrackFacts {
  /** How often its units come; null: none has come. */
  readonly rhythm: Rhythm | null;
  /** What it is called. */
  readonly name: string;
  /** Why it cannot be played here; '': it can, as far as is known. */
  readonly fault: string;
}

/** What is known of an open connection. */
export interface Facts {
  readonly openedAt: number;
  /** When something last came that could be played; 0: never. */
  readonly arrivedAt: number;
  /** When data of another kind last came; 0: never. */
  readonly dataAt: number;
  /** null: the program lists none. */
  readonly picture: TrackFacts | null;
  readonly sound: TrackFacts | null;
  /** Whether the picture on the screen is of a player that goes on. */
  readonly isShown: boolean;
  /** What the server says; null: it has not said anything. */
  readonly server: PlayStatus | null;
  /** Whether the server answers when it is asked. */
  readonly isReachable: boolean;
}

/** What is told. */
export interface Condition {
  readonly state: State;
  /** For people; '': nothing is the matter. */
  readonly text: string;
  /** Since when the picture has stood still; null: it does not, or there is none. */
  readonly frozenAt: number | null;
}

/** Nothing has come for so long: it is said. */
const AWAY_MS = 2000;
/** A picture so far behind its sound is an old one. */
const OLD_MS = 2000;
const SOUND_MUTED = 'The sound is muted by the host.';
/** A server looks once a second, and is asked once a second: for so long it may still miss what has just come back. */
const BACK_MS = 2500;
/** Faults that say why something does not come; of others it is not known that they have to do with what is missing. */
const ABSENCES = new Set(['no-rule', 'no-source', 'silent', 'no-tables', 'opaque-ts', 'track-stopped']);
/** Of those, faults of all that a feed or topic brings, not of one of its tracks. */
const WHOLES = new Set(['no-rule', 'no-source', 'silent']);
/** Faults of bytes that come. */
const UNREADABLE = new Set(['no-tables', 'opaque-ts']);

/** Says how it stands. */
export function conditionOf(facts: Facts, nowMs: number): Condition {
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
    // Where both have just come back, the sound may be a little earlier.
    const heardMs = isHeard ? nowMs - Math.max(facts.openedAt, sound.rhythm.aliveSince) : 0;
    if (heardMs > AWAY_MS && picture.rhythm === null) {
      return { state: 'frozen', text: missing('No picture comes', facts), frozenAt };
    }
  } else if (isHeard) {
    return { state: 'playing', text: soundText(facts, nowMs), frozenAt };
  }
  // A server that itself waits for a keyframe holds back what there is.
  const isHeldBack = facts.isReachable && facts.server?.fault?.code === 'waits-for-keyframe';
  const isAway = nowMs - Math.max(facts.openedAt, facts.arrivedAt) > AWAY_MS;
  if (isAway && !isHeldBack) return { state: 'away', text: awayText(facts, nowMs), frozenAt };
  const why = causeOf(facts);
  if (isMutedSound(facts)) return { state: 'waiting', text: SOUND_MUTED, frozenAt };
  return {
    state: 'waiting',
    text: why === '' ? 'Waiting for a picture…' : sentence('Waiting for a picture', why),
    frozenAt,
  };
}

/** When the last picture was new, if the next is overdue. */
function frozenSince({ picture, sound }: Facts, nowMs: number): number | null {
  const rhythm = picture?.rhythm;
  if (!rhythm) return null;
  // What a cache has kept came just now and may be old: its sound, which goes on, tells how old.
  const heard = sound?.rhythm;
  const behindMs = heard?.isProven && heard.isAlive(nowMs) ? heard.timeMs - rhythm.timeMs : 0;
  const isOld = !rhythm.isProven && behindMs > Math.max(OLD_MS, rhythm.gapMs * 2.5);
  if (rhythm.isAlive(nowMs) && !isOld) return null;
  return isOld ? nowMs - behindMs : rhythm.arrivedAt;
}

/** What is the matter with the sound while a picture is shown. */
function soundText(facts: Facts, nowMs: number): string {
  const { picture, sound, server } = facts;
  const isHeard = sound?.rhythm?.isAlive(nowMs) === true;
  if (isHeard && sound.fault !== '') return sound.fault;
  if (!isHeard && server?.muted === 'audio') return SOUND_MUTED;
  const words = server?.fault?.words ?? '';
  if (words !== '' && isAbsence(facts)) {
    const backAt = Math.max(picture?.rhythm?.aliveSince ?? -1, isHeard ? sound.rhythm.aliveSince : -1);
    const isBackNow = nowMs - backAt < BACK_MS;
    // It may be the picture that was missed, and not the sound.
    if (!isHeard) return isBackNow && WHOLES.has(server!.fault!.code) ? '' : sentence('No sound', words);
    return isBackNow ? '' : sentence('', words);
  }
  // What is listed and has not come yet has not stopped: it may have been added just now. The server knows how long.
  if (sound?.rhythm && !isHeard) return missing('The sound has stopped', facts);
  return sentence('', words);
}

function awayText(facts: Facts, nowMs: number): string {
  if (!facts.isReachable) return 'Nothing comes, and the server does not answer. It goes on by itself.';
  if (facts.server?.muted === 'all') return 'Picture and sound are muted by the host.';
  if (isMutedSound(facts)) return SOUND_MUTED;
  const isData = nowMs - facts.dataAt < AWAY_MS && facts.dataAt !== 0;
  const isUnreadable = UNREADABLE.has(facts.server?.fault?.code ?? '');
  const nothing = isUnreadable ? 'Nothing comes that can be played' : 'Nothing comes';
  const what = isData ? 'Data comes, and nothing that can be played' : nothing;
  return `${sentence(what, causeOf(facts))} It goes on by itself.`;
}

/** Whether there is sound alone, and the host has muted it: nothing that could be played is to be expected. */
function isMutedSound({ picture, server }: Facts): boolean {
  return picture === null && server?.muted === 'audio' && server.fault === null;
}

/** Why, in the server's words. */
function causeOf({ server, isReachable }: Facts): string {
  if (!isReachable) return 'the server does not answer';
  if (server?.muted === 'all') return 'muted by the host';
  return server?.fault?.words ?? '';
}

/** Whether the server's fault says why something does not come. */
function isAbsence({ server }: Facts): boolean {
  return ABSENCES.has(server?.fault?.code ?? '');
}

/** Something does not come: with the reason, or with what else the server finds wrong. */
function missing(what: string, facts: Facts): string {
  const why = causeOf(facts);
  const isOther = why !== '' && why === facts.server?.fault?.words && !isAbsence(facts);
  return isOther ? `${what}. Also, ${why}.` : sentence(what, why);
}

function sentence(what: string, why: string): string {
  const both = what !== '' && why !== '' ? `${what}: ${why}` : what + why;
  return both === '' ? '' : `${both}.`;
}
