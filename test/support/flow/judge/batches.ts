// Batches: each that was sealed calls back exactly once, as it should, after the last of its jobs.

import type { BatchStory, FlowEvidence, JobStory } from "../evidence.ts";
import type { Runs } from "./runs.ts";

export function wrongBatches(evidence: FlowEvidence, runs: Runs): string[] {
  const { jobs, batches, sealed, stampMs } = evidence;
  const rows = new Map(batches.map((batch) => [batch.id, batch]));
  const members = groupBy(jobs, ({ batchId }) => batchId);
  const callbacks = groupBy(jobs, ({ wants }) => wants.follows?.batch ?? null);
  const found = sealed.filter((id) => !rows.has(id)).map((id) => `batch ${id} is lost`);
  for (const batch of batches) {
    const whole = {
      batch,
      members: members.get(batch.id) ?? [],
      callbacks: callbacks.get(batch.id) ?? [],
      sealed: sealed.includes(batch.id),
    };
    const problems = [
      ...wrongState(whole),
      ...wrongCallbacks(whole),
      ...early(whole, runs, stampMs),
    ];
    found.push(...problems.map((problem) => `batch ${batch.id} ${problem}`));
  }
  return found;
}

interface Whole {
  readonly batch: BatchStory;
  readonly members: readonly JobStory[];
  readonly callbacks: readonly JobStory[];
  readonly sealed: boolean;
}

function wrongState({ batch, members, sealed }: Whole): string[] {
  const over = batch.state === "succeeded" || batch.state === "failed";
  if (!over) return sealed ? [`is ${batch.state}, though sealed`] : [];
  const due = members.every(({ state }) => state === "finished") ? "succeeded" : "failed";
  return batch.state === due ? [] : [`is ${batch.state}, and its jobs ${due}`];
}

function wrongCallbacks({ batch, callbacks }: Whole): string[] {
  const other = { succeeded: "success", failed: "failure" }[batch.state];
  const due = other === undefined ? [] : ["finish", other];
  return ["finish", "success", "failure"].flatMap((as) => {
    const times = callbacks.filter(({ wants }) => wants.follows?.as === as).length;
    const once = Number(due.includes(as));
    return times === once ? [] : [`called back ${as} ${times} times, not ${once}`];
  });
}

function early({ members, callbacks }: Whole, runs: Runs, stampMs: number): string[] {
  return callbacks.flatMap((callback) => {
    const began = runs.get(callback.id)?.[0]?.from ?? Number.POSITIVE_INFINITY;
    return members.flatMap(({ id, fence, finishedAt }) => {
      const said = runs.get(id)?.find((run) => run.fence === fence && run.end === "ended")?.to;
      const alive = finishedAt === null || callback.createdAt + stampMs < finishedAt;
      return alive || began < (said ?? 0) ? `called back before its job ${id} had ended` : [];
    });
  });
}

function groupBy(
  jobs: readonly JobStory[],
  groupOf: (job: JobStory) => number | null,
): Map<number, JobStory[]> {
  const groups = new Map<number, JobStory[]>();
  for (const job of jobs) {
    const group = groupOf(job);
    if (group !== null) groups.set(group, [...(groups.get(group) ?? []), job]);
  }
  return groups;
}
