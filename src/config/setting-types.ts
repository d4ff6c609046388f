// The types of settings: each parses a text, and throws an Error whose message says what is accepted.

import { existsSync } from 'node:fs';
import { isAddressRange } from '../address-range.js';
import { LOG_LEVELS } from '../log/log.js';
import { trimSlashes } from '../trim-slashes.js';

/** An integer within bounds. */
export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text.trim()) ? Number(text) : NaN;
    if (!(value >= least && value <= most)) throw new Error(`a whole number from ${least} to ${most}`);
    return value;
  };
}

/** A log level, in any case. */
export function level(text: string): string {
  const lower = text.trim().toLowerCase();
  const name = lower === 'warning' ? 'warn' : lower;
  if (!(LOG_LEVELS as readonly string[]).includes(name)) throw new Error(`${LOG_LEVELS.join(', ')} (in any case)`);
  return name;
}

/** An address or name to listen on. */
export function hostName(text: string): string {
  if (!/^[A-Za-z0-9.:_%-]+$/.test(text))
    throw new Error('an address or host name of this machine, e.g. 127.0.0.1 or 0.0.0.0');
  return text;
}

/** The path of an existing file; empty: none. */
export function pemFile(text: string): string {
  if (text === '') return '';
  if (!existsSync(text)) throw new Error('a PEM file that exists');
  return text;
}

/** The path of a file that need not exist; empty: none. Its folder is checked when it is used. */
export function filePath(text: string): string {
  if (/[\u0000-\u001f]/.test(text) || text.endsWith('/')) throw new Error('a file in a folder that exists');
  return text;
}

/** A list of valid entries. */
export function list(isGood: (entry: string) => boolean, accepted: string): (text: string) => string {
  return (text) => {
    const entries = splitList(text);
    if (!entries.every(isGood)) throw new Error(accepted);
    return entries.join(',');
  };
}

/** The entries of a list setting: separated by commas or spaces. */
export function splitList(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '');
}

/** A list of origins as browsers send them. */
export const origins = list(
  (entry) => URL.canParse(entry) && /^https?:$/.test(new URL(entry).protocol) && new URL(entry).origin === entry,
  'origins separated by commas, e.g. https://lab.example,http://10.0.0.7:3000',
);
/** A list of host names. */
export const hostNames = list(
  (entry) => /^[a-z0-9._-]+$/.test(entry),
  'host names without port, separated by commas, e.g. board.lab.example',
);

/** A text that is allowed in a header field. */
export function secret(text: string): string {
  if (!/^[\x21-\x7e]{0,8192}$/.test(text)) throw new Error('up to 8192 printable ASCII characters without spaces');
  return text;
}

/** Any text: what it is for checks it (cmd/shared/load-config.ts). */
export function anyText(text: string): string {
  return text;
}

const HOUR_MS = 3_600_000;
/** A time of up to a day. */
export const ms = whole(1, 24 * HOUR_MS);

/** True or false. */
export function yesOrNo(text: string): string {
  const lower = text.trim().toLowerCase();
  if (lower !== 'true' && lower !== 'false') throw new Error('true or false');
  return lower;
}

/** Addresses that tokens are issued for: kept as written, without a trailing slash. */
export function audiences(text: string): string {
  const entries = splitAudiences(text);
  const isGood = (entry: string) => URL.canParse(entry) && /^(wss?|https?):$/.test(new URL(entry).protocol);
  if (!entries.every((entry) => entry.length < 500 && isGood(entry) && !/[?#]/.test(entry))) {
    throw new Error('addresses separated by commas, the first as viewers reach it, e.g. wss://relay.example.org');
  }
  return entries.join(',');
}

/** The entries of VW_SERVE_AUDIENCE. */
export function splitAudiences(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(trimSlashes);
}

/** A list of addresses and ranges. */
export const addressRanges = list(
  isAddressRange,
  'addresses or ranges separated by commas, e.g. 127.0.0.1,10.0.0.0/8,fd00::/8',
);

/** Where the player may be embedded: origins, or * for everywhere. */
export function embedders(text: string): string {
  return text.trim() === '*' ? '*' : origins(text);
}
