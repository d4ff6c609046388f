// How a player, or the track of one, fails.

/** 'passing': another of its kind may be able to continue; 'lasting': none would. */
export type FailureKind = 'passing' | 'lasting';
