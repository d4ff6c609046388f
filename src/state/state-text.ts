// The text of a state file: a first line with its format, version, length and SHA-256, and the rules after it. Whatever
// byte it is cut at, or changed at, it is recognised as damaged. Pure but for the digest, which runs in Node's thread pool.

import { webcrypto } from 'node:crypto';
import type { RuleSet } from '../relay/rules/rule-set.js';
import { readRules, rulesText } from './saved-rules.js';

const FORMAT = 'vw rules';
/** The version that this program writes, and the newest that it reads. */
export const STATE_VERSION = 1;
const NEWLINE = 0x0a;
/** A first line is some 120 bytes. */
const MAX_HEAD_BYTES = 4096;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** A text that is not, or not wholly, what was written. `message` says why, and contains no secret. */
export class DamagedError extends Error {
  override readonly name = 'DamagedError';
}

/** A text of a newer version of vw, which must not be touched. */
export class NewerVersionError extends Error {
  override readonly name = 'NewerVersionError';
  constructor(readonly version: number) {
    super(`it is of version ${version}, which a newer vw has written; this vw reads version ${STATE_VERSION}`);
  }
}

/** The bytes of a file with these rules. */
export async function encodeState(rules: RuleSet): Promise<Buffer> {
  const body = Buffer.from(rulesText(rules));
  const head = { format: FORMAT, version: STATE_VERSION, bytes: body.length, sha256: await digest(body) };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]);
}

const START = Buffer.from(`{"format":${JSON.stringify(FORMAT)}`);

/** Whether a file that begins with these bytes can be one that vw has written, and that was cut anywhere since. */
export function isOurStart(file: Buffer): boolean {
  const isMarked = file.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK); // an editor's
  const start = (isMarked ? file.subarray(BYTE_ORDER_MARK.length) : file).subarray(0, START.length);
  return START.subarray(0, start.length).equals(start);
}

/** The rules in the bytes of a file. Throws {@link DamagedError} or {@link NewerVersionError}. */
export async function decodeState(file: Buffer): Promise<RuleSet> {
  if (file.length === 0) throw new DamagedError('it is empty');
  const isMarked = file.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK); // an editor's
  const text = isMarked ? file.subarray(BYTE_ORDER_MARK.length) : file;
  const end = text.subarray(0, MAX_HEAD_BYTES).indexOf(NEWLINE);
  const head = headOf(end === -1 ? text.subarray(0, MAX_HEAD_BYTES) : text.subarray(0, end));
  if (head === null || end === -1) throw new DamagedError('its first line is not that of saved rules');
  const body = text.subarray(end + 1);
  if (head.bytes !== body.length)
    throw new DamagedError(`it has ${body.length} bytes of rules instead of ${head.bytes}`);
  if (head.sha256 !== (await digest(body))) throw new DamagedError('its checksum is wrong');
  try {
    return readRules(body.toString());
  } catch (cause) {
    throw new DamagedError((cause as Error).message, { cause });
  }
}

interface Head {
  readonly bytes: number;
  readonly sha256: string;
}

/** The first line; null: it is damaged. Throws {@link NewerVersionError}: that is all that a newer file need have. */
function headOf(line: Buffer): Head | null {
  let head: unknown;
  try {
    head = JSON.parse(line.toString());
  } catch {
    return null;
  }
  if (typeof head !== 'object' || head === null) return null;
  const { format, version, bytes, sha256 } = head as Readonly<Record<string, unknown>>;
  if (Number.isInteger(version) && (version as number) > STATE_VERSION) throw new NewerVersionError(version as number);
  if (format !== FORMAT || version !== STATE_VERSION) return null;
  return typeof bytes === 'number' && typeof sha256 === 'string' ? { bytes, sha256 } : null;
}

async function digest(bytes: Buffer): Promise<string> {
  // A Buffer's memory is never shared; its type does not say so.
  const sum = await webcrypto.subtle.digest('SHA-256', bytes);
  return Buffer.from(sum).toString('hex');
}
