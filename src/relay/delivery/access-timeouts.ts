// How long a start waits for a keyframe, as the limits say.

import type { SpliceTimeouts } from '../../mpegts/splice/splicer.js';
import { DEFAULT_LIMITS, type Limits } from '../../config/limits.js';

/** The longest wait of a destination that changes its endpoint where no keyframe was ever seen. */
const SWAP_UNMARKED_MS = 500;

/** When a track that has started no unit since the picture started is begun in the middle of one. */
const TAIL_MS = 5000;

/** How a reader that starts waits. */
export function startTimeouts({ keyframeWaitMs, resumeAfterMs }: Limits): SpliceTimeouts {
  return { markedMs: keyframeWaitMs, unmarkedMs: resumeAfterMs, tailMs: TAIL_MS };
}

/** The same with the default limits. */
export const START_TIMEOUTS = startTimeouts(DEFAULT_LIMITS);

/** How a reader whose messages were dropped waits: not at all, since the drop policy has already waited. */
export const RESUME_TIMEOUTS: SpliceTimeouts = { markedMs: 0, unmarkedMs: 0, tailMs: TAIL_MS };

/** How a link waits that takes over from another. */
export function swapTimeouts({ keyframeWaitMs, resumeAfterMs }: Limits): SpliceTimeouts {
  return { markedMs: keyframeWaitMs, unmarkedMs: Math.min(SWAP_UNMARKED_MS, resumeAfterMs), tailMs: TAIL_MS };
}
