// Does what a plan says, step by step. What a relay refuses is told, and the rest is done.

import { type RelayClient, RefusedError } from './relay-client.js';
import type { Plan, Refusal, Step } from './rules-plan.js';

/** What became of a plan. */
export interface Outcome {
  readonly set: number;
  readonly deleted: number;
  readonly refused: number;
}

/**
 * Does the steps of a plan, and tells each when it is done, and each that is refused. Deletes only when all was set: until
 * then what there is may be what is wanted. Throws `NotServedError`; then some of the steps are done.
 */
export async function carryOut(
  { steps, refusals }: Plan,
  client: RelayClient,
  done: (step: Step) => void,
  refused: (refusal: Refusal) => void,
): Promise<Outcome> {
  refusals.forEach(refused);
  let isAllSet = refusals.every(({ verb }) => verb !== 'set');
  const count = { set: 0, deleted: 0, refused: refusals.length };
  const refuse = (refusal: Refusal) => {
    count.refused++;
    refused(refusal);
  };
  for (const [i, step] of steps.entries()) {
    const { verb, what } = step;
    if (verb === 'delete' && !isAllSet) {
      refuse({ verb, what, why: 'it is not deleted, because not everything was set' });
      continue;
    }
    const why = await take(step, client);
    if (why === null) {
      count[verb === 'set' ? 'set' : 'deleted']++;
      done(step);
      continue;
    }
    refuse({ verb, what, why });
    if (verb === 'set') isAllSet = false;
    if (!step.isCondition) continue;
    const rest = steps.slice(i + 1);
    for (const next of rest) refuse({ ...next, why: `it is left as it is, because ${what} is not in force` });
    break;
  }
  return count;
}

/** Takes one step; returns why not. */
async function take({ method, path, body, verb }: Step, client: RelayClient): Promise<string | null> {
  try {
    await client.ask(method, path, body);
    return null;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    if (verb === 'delete' && error.status === 404) return null; // gone already
    return `${error.message} (${error.code})`;
  }
}
