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
    const { reason, isSaved } = await applyStep(step, client);
    if (reason === null) {
      count[verb === 'set' ? 'set' : 'deleted']++;
      const note = isSaved ? '' : '; it could not be saved, and a restart loses it';
      done({ ...step, description: step.description + note });
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

/** What became of one step. */
interface Applied {
  /** Why it is refused; null: it is not. */
  readonly reason: string | null;
  /** Whether it outlasts a restart, as far as the relay says. */
  readonly isSaved: boolean;
}

/** Applies one step. */
async function applyStep({ method, path, body, verb }: PlanStep, client: RelayClient): Promise<Applied> {
  try {
    const answer = (await client.request(method, path, body)) as { readonly saved?: boolean } | string | null;
    return { reason: null, isSaved: !(typeof answer === 'object' && answer?.saved === false) };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    if (verb === 'delete' && error.status === 404) return { reason: null, isSaved: true }; // deleted already
    return { reason: `${error.message} (${error.code})`, isSaved: true };
  }
}
