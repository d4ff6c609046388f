// How eagerly V8 compiles, once the warm-up has had compiled what cameras need.

import { setFlagsFromString } from 'node:v8';

/** Bytes of bytecode that a function runs between two looks at whether it is worth compiling; V8's own is a quarter. */
const PATIENT_BUDGET = 4 * 66 * 1024;

/**
 * What the warm-up did not make hot is lukewarm: V8 would spend a tenth of the first seconds of a hundred cameras on
 * compiling it. It still does so, after four times the work. Later Nodes count calls instead, have no such flag, and
 * would say so on stderr.
 */
export function compileLess(): void {
  if (process.versions.node.startsWith('20.')) setFlagsFromString(`--interrupt-budget=${PATIENT_BUDGET}`);
}
