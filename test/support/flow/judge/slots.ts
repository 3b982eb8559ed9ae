// Slots of keys: never more holders than a key has slots, also between two runs of one job; and no
// free slot that somebody waits for without getting it.

import type { FlowEvidence, JobStory, Slot } from "../evidence.ts";
import { inForce, type RunSpan, type Runs } from "./runs.ts";

/** One job with one slot, for a while. */
interface Hold extends Slot {
  readonly from: number;
  readonly to: number;
  readonly who: string;
}

/** Whoever begins while the slots are taken, one sentence each. */
export function crowds(jobs: readonly JobStory[], runs: Runs): string[] {
  const found: string[] = [];
  for (const holds of byKey(jobs, (job) => (runs.get(job.id) ?? []).map(ofRun)))
    found.push(...crowd(holds, "run at once with"));
  // A job keeps its slot over an interruption and a crash: between its runs nobody may have it.
  for (const holds of byKey(jobs, (job) => keptBy(inForce(runs.get(job.id) ?? []))))
    found.push(...crowd(holds, "began within the time of"));
  return [...new Set(found)];
}

type Time = Omit<Hold, keyof Slot>;

function ofRun({ job, fence, from, to }: RunSpan): Time {
  return { from, to, who: `job ${job} (fence ${fence})` };
}

/** From the beginning of one run to the end of the last that follows without a failed one. */
function keptBy(runs: readonly RunSpan[]): Time[] {
  const kept: Time[] = [];
  let open: RunSpan | null = null;
  for (const [index, run] of runs.entries()) {
    open ??= run;
    if (run.end !== "failed" && index < runs.length - 1) continue;
    const to = Math.max(run.to, open.to);
    kept.push({ from: open.from, to, who: `job ${run.job} (its slot)` });
    open = null;
  }
  return kept;
}

function byKey(
  jobs: readonly JobStory[],
  timesOf: (job: JobStory) => readonly Time[],
): readonly Hold[][] {
  const keys = new Map<string, Hold[]>();
  for (const job of jobs)
    for (const slot of job.wants.slots) {
      const holds = keys.get(slot.key) ?? [];
      keys.set(slot.key, holds);
      holds.push(...timesOf(job).map((time) => ({ ...slot, ...time })));
    }
  return [...keys.values()];
}

function crowd(holds: readonly Hold[], verb: string): string[] {
  const found: string[] = [];
  let now: Hold[] = [];
  for (const hold of holds.toSorted((a, b) => a.from - b.from)) {
    if (hold.to <= hold.from) continue;
    now = now.filter(({ to }) => to > hold.from);
    if (now.length >= hold.limit) {
      const others = now.map(({ who }) => who).join(", ");
      found.push(`${hold.who} ${verb} ${others}: ${hold.key} has ${hold.limit} slots`);
    }
    now.push(hold);
  }
  return found;
}

/** A time in which a slot was free, somebody waited for it, and nobody began. */
export interface IdleSlot {
  readonly key: string;
  readonly ms: number;
  /** Whether it became free by a kill. */
  readonly death: boolean;
}

interface Change {
  readonly at: number;
  readonly held: -1 | 0 | 1;
  readonly waiting: -1 | 0 | 1;
  readonly death: boolean;
}

/**
 * How long slots were free while jobs that need nothing else waited, longest first. After a failed
 * run a job waits from `retryMs` later.
 */
export function idleSlots(
  { jobs }: Pick<FlowEvidence, "jobs">,
  runs: Runs,
  retryMs: number,
): IdleSlot[] {
  const keys = new Map<string, { readonly limit: number; readonly changes: Change[] }>();
  for (const job of jobs)
    for (const { key, limit } of job.wants.slots) {
      const line = keys.get(key) ?? { limit, changes: [] };
      keys.set(key, line);
      line.changes.push(...changesBy(job, runs.get(job.id) ?? [], retryMs));
    }
  const found = [...keys].flatMap(([key, { limit, changes }]) => idleIn(key, limit, changes));
  return found.sort((a, b) => b.ms - a.ms);
}

function changesBy(job: JobStory, runs: readonly RunSpan[], retryMs: number): Change[] {
  const changes: Change[] = [];
  const spans = inForce(runs);
  const free = job.wants.slots.length === 1 && job.wants.after.length === 0;
  const wait = (from: number, to: number) => {
    if (!free || to <= from) return;
    changes.push({ at: from, held: 0, waiting: 1, death: false });
    changes.push({ at: to, held: 0, waiting: -1, death: false });
  };
  let since = job.createdAt;
  for (const { from, to, end } of spans) {
    wait(since, from);
    const death = end === "killed";
    changes.push({ at: from, held: 1, waiting: 0, death: false });
    changes.push({ at: to, held: -1, waiting: 0, death });
    since = end === "failed" ? to + retryMs : to;
  }
  const last = spans.at(-1)?.end;
  if (last !== "ended" && last !== "failed") wait(since, job.finishedAt ?? since);
  return changes;
}

/** Until the next run begins: where there are few workers, not all slots are ever taken. */
function idleIn(key: string, limit: number, changes: readonly Change[]): IdleSlot[] {
  const found: IdleSlot[] = [];
  const state = { held: 0, waiting: 0, since: null as number | null, death: false };
  for (const { at, held, waiting, death } of changes.toSorted(inTime)) {
    state.held += held;
    state.waiting += waiting;
    const idle = state.held < limit && state.waiting > 0;
    if (state.since !== null && (held === 1 || !idle)) {
      found.push({ key, ms: at - state.since, death: state.death });
      state.since = null;
      state.death = false;
    }
    if (idle) state.since ??= at;
    if (idle && death) state.death = true;
  }
  return found;
}

/** At the same moment whoever waits comes first: it was there when the slot became free. */
function inTime(a: Change, b: Change): number {
  return a.at - b.at || b.waiting - a.waiting;
}
