// Applies a plan step by step. Steps that the relay refuses are reported, and the rest is applied.

import { type RelayClient, RefusedError } from '../client/relay-client.js';
import type { Plan, Refusal, PlanStep } from './rules-plan.js';

/** The result of a plan. */
export interface Outcome {
  readonly set: number;
  readonly deleted: number;
  readonly refused: number;
}

/**
 * Applies the steps of a plan, and reports each when it is done or refused. Deletes only after everything was set:
 * until
 * then an existing rule may still be needed. Throws `NotServedError`; some of the steps may be done by then.
 */
export async function applyPlan(
  { steps, refusals }: Plan,
  client: RelayClient,
  done: (step: PlanStep) => void,
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
      refuse({ verb, what, reason: 'it is not deleted, because not everything was set' });
      continue;
    }
    const reason = await applyStep(step, client);
    if (reason === null) {
      count[verb === 'set' ? 'set' : 'deleted']++;
      done(step);
      continue;
    }
    refuse({ verb, what, reason: reason });
    if (verb === 'set') isAllSet = false;
    if (!step.isCondition) continue;
    const rest = steps.slice(i + 1);
    for (const next of rest) refuse({ ...next, reason: `it is not set, because ${what} is not in force` });
    break;
  }
  return count;
}

/** Applies one step; returns the reason if it is refused. */
async function applyStep({ method, path, body, verb }: PlanStep, client: RelayClient): Promise<string | null> {
  try {
    await client.request(method, path, body);
    return null;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    if (verb === 'delete' && error.status === 404) return null; // deleted already
    return `${error.message} (${error.code})`;
  }
}
