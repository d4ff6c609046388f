// How long a start waits for a keyframe, as the limits say.

import type { AccessTimeouts } from '../../mpegts/splice/splicer.js';
import type { Limits } from '../../config/limits.js';

/** Where no keyframe was ever seen, a destination that changes its endpoint waits for no longer: the old one goes on. */
const SWAP_UNMARKED_MS = 500;

/** How a reader that starts waits. */
export function startTimeouts({ keyframeWaitMs, resumeAfterMs }: Limits): AccessTimeouts {
  return { markedMs: keyframeWaitMs, unmarkedMs: resumeAfterMs };
}

/** How a link waits that takes over from another. */
export function swapTimeouts({ keyframeWaitMs, resumeAfterMs }: Limits): AccessTimeouts {
  return { markedMs: keyframeWaitMs, unmarkedMs: Math.min(SWAP_UNMARKED_MS, resumeAfterMs) };
}
