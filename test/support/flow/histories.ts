// Histories made by hand, for those who try the judge: rows and words of jobs, and what it says of
// them.

import type { Kill } from "../crash-check.ts";
import type { Recorded } from "../project.ts";
import type { FlowEvidence, JobStory, Wants } from "./evidence.ts";
import { flowContradictions } from "./judge.ts";

export const nothing: Wants = {
  slots: [],
  uniqueKey: null,
  after: [],
  ifDependencyFails: "fail",
  doomed: false,
  follows: null,
  task: null,
};

export type Change = Partial<Omit<JobStory, "wants">> & { readonly wants?: Partial<Wants> };

export function job(id: number, { wants, ...change }: Change = {}): JobStory {
  const row = { id, name: "job", state: "finished", fence: 1, attempts: 1, error: null };
  const times = { createdAt: 0, finishedAt: 1_000, batchId: null };
  return { ...row, ...times, ...change, wants: { ...nothing, ...wants } };
}

export const slot = (key: string, limit = 1): { readonly wants: Partial<Wants> } => ({
  wants: { slots: [{ key, limit }] },
});

interface RunOf {
  readonly fence?: number;
  readonly pid?: number;
  /** Its last word; null: it never said one. */
  readonly last?: string | null;
}

/** What one run said: that it began, and how it ended. */
export function run(id: number, from: number, to: number, how: RunOf = {}): Recorded[] {
  const { fence = 1, pid = 7, last = "ended" } = how;
  const said = (event: string, at: number): Recorded => ({ event, at, pid, job: id, fence });
  return [said("began", from), ...(last === null ? [] : [said(last, to)])];
}

export const none: FlowEvidence = {
  jobs: [],
  records: [],
  kills: [],
  freezes: [],
  acknowledged: [],
  cancelled: [],
  asked: [],
  batches: [],
  sealed: [],
  tasks: [],
  ticks: [],
  stampMs: 0,
  leftovers: {},
};

export function verdict(evidence: Partial<FlowEvidence>): string {
  return flowContradictions({ ...none, ...evidence }).join("; ");
}

export const killed = (at: number, pid = 7): { readonly kills: readonly Kill[] } => ({
  kills: [{ pid, at }],
});
