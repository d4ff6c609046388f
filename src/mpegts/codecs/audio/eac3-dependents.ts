// Counts the channels of E-AC-3 whose frames are followed by dependent substreams: 7.1 is 5.1 and what such a frame adds.
// Pure: no clock, no I/O. ETSI TS 102 366 §E.1.2.2 (bsi), §E.1.3.1 (strmtyp, chanmap).

import { BitReader } from '../bit-reader.js';
import type { Parameters } from '../parameters.js';

const SYNCWORD = 0x0b77;
const DEPENDENT = 1; // strmtyp
/** How many dependent substreams an independent one may have. */
const MAX_DEPENDENTS = 8;

/** By acmod, as a chanmap: the most significant bit is the left channel. Dual mono (1+1) has no dependents. */
const MAP_BY_MODE = [0, 0x4000, 0xa000, 0xe000, 0xa100, 0xe100, 0xb800, 0xf800];
const LFE = 0x0001;
/** Bits of a chanmap that are two channels: Lc and Rc, Lrs and Rrs, Lsd and Rsd, Lw and Rw, Lvh and Rvh, Lts and Rts. */
const PAIRS = 0x0674;

const reader = new BitReader();

/**
 * Adds to `found` the channels of the dependent frames that follow the independent frame at `from`. False: the bytes up
 * to `end` may not hold all of them.
 */
export function addDependents(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean {
  let map = 0;
  for (let i = 0, at = from; i <= MAX_DEPENDENTS; i++) {
    reader.open(bytes, at, end);
    const syncword = reader.bits(16);
    const strmtyp = reader.bits(2);
    reader.skip(3); // substreamid
    at += 2 * (reader.bits(11) + 1); // frmsiz
    const added = i === 0 ? readMap() : readDependentMap();
    if (reader.lacksBytes) return false;
    if (i > 0 && (syncword !== SYNCWORD || strmtyp !== DEPENDENT)) return true;
    map |= added;
    if (i > 0) found.channels = countBits(map) + countBits(map & PAIRS);
  }
  return true;
}

/** The channels of a frame as a chanmap, from fscod on, by acmod and lfeon. */
function readMap(): number {
  reader.skip(2 + 2); // fscod, numblkscod or fscod2
  const acmod = reader.bits(3);
  return MAP_BY_MODE[acmod]! | (reader.bit() === 1 ? LFE : 0); // lfeon
}

/** The same of a dependent frame, which may carry its chanmap. */
function readDependentMap(): number {
  const plain = readMap();
  reader.skip(5 + 5); // bsid, dialnorm
  if (reader.bit()) reader.skip(8); // compre, compr
  const isDualMono = (plain & ~LFE) === 0; // acmod '000'
  if (isDualMono) {
    reader.skip(5); // dialnorm2
    if (reader.bit()) reader.skip(8); // compr2e, compr2
  }
  return reader.bit() ? reader.bits(16) : plain; // chanmape, chanmap
}

function countBits(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
}
