// Parses the sequence header of MPEG video, which jsmpeg reads only once.
// Pure. ISO/IEC 11172-2 §2.4.2.3; ISO/IEC 13818-2 §6.2.2.

const SEQUENCE_HEADER = 0xb3;
const EXTENSION = 0xb5;
const GROUP = 0xb8;
const PICTURE = 0x00;

/** The sequence header in front of a random access point. */
export interface Sequence {
  readonly width: number;
  readonly height: number;
  /** A sequence_extension follows: MPEG-2, which jsmpeg does not decode. */
  readonly isMpeg2: boolean;
}

/** The sequence header at the start of a picture's bytes; `null`: there is none. */
export function readSequence(unit: Uint8Array): Sequence | null {
  let size: { width: number; height: number } | null = null;
  for (let at = 0; at + 6 < unit.length; at++) {
    if (unit[at] !== 0 || unit[at + 1] !== 0 || unit[at + 2] !== 1) continue;
    const code = unit[at + 3]!;
    if (code === SEQUENCE_HEADER) {
      const middle = unit[at + 5]!;
      // horizontal_size and vertical_size, 12 bits each
      size = { width: (unit[at + 4]! << 4) | (middle >> 4), height: ((middle & 0x0f) << 8) | unit[at + 6]! };
    } else if (code === EXTENSION && size) {
      return { ...size, isMpeg2: true };
    } else if (code === GROUP || code === PICTURE) {
      break;
    }
  }
  return size ? { ...size, isMpeg2: false } : null;
}
