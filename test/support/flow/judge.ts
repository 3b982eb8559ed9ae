// A judge that knows nothing of the runtime: what limits, unique keys, dependencies, batches and
// recurring tasks promise, held against a history. One sentence per contradiction; none is the
// verdict that is hoped for.

import type { FlowEvidence } from "./evidence.ts";
import { wrongBatches } from "./judge/batches.ts";
import { rivals } from "./judge/keys.ts";
import { wrongOutcomes } from "./judge/outcomes.ts";
import { runsOf } from "./judge/runs.ts";
import { crowds, type IdleSlot, idleSlots } from "./judge/slots.ts";
import { wrongTicks } from "./judge/ticks.ts";

export function flowContradictions(evidence: FlowEvidence): string[] {
  const runs = runsOf(evidence);
  const left = Object.entries(evidence.leftovers).filter(([, count]) => count > 0);
  return [
    ...wrongOutcomes(evidence, runs),
    ...crowds(evidence.jobs, runs),
    ...rivals(evidence, runs),
    ...wrongBatches(evidence, runs),
    ...wrongTicks(evidence),
    ...left.map(([what, count]) => `${count} ${what} were left behind`),
  ];
}

/** Longest first; see slots.ts. */
export function idleTimes(evidence: FlowEvidence, retryMs: number): readonly IdleSlot[] {
  return idleSlots(evidence, runsOf(evidence), retryMs);
}
