// Why nobody takes a job that could run: what the registered processes say about it. Which job a
// claim would take next, each store asks its own claim.
//
// The store knows which jobs a process holds, but not how many it has room for. So a claim is taken
// to ask for this: a worker that holds nothing has room for all there are (1,000), one that holds
// something wants one more. From that the answer is exact: it is empty if and only if such a claim
// of some worker, at the same moment, would take the job. It is too hopeful for the second of two
// jobs where an idle worker has one thread, and too gloomy where a busy one has several hands free;
// both for the milliseconds until the next claim.

import type { Reason } from "../flow.ts";
import type { Job, JobState } from "../job.ts";
import type { Process, ProcessState } from "../process.ts";
import type { Claim } from "../turn.ts";

/** What may be asked about a process, and is the same on every store. */
export type Known = Pick<Process, "kind" | "queues" | "names" | "state" | "jobs" | "heartbeatAt">;

/** A process that was silent for longer, in milliseconds, is gone, and nobody has pruned it yet. */
const livingMs = 60_000;

export function living<P extends Known>(processes: readonly P[], now: number): readonly P[] {
  return processes.filter(({ heartbeatAt }) => now - heartbeatAt <= livingMs);
}

/** Of a job that runs in this process. */
export function silenceOf(process: Process | null, now: number): readonly Reason[] {
  if (!process || living([process], now).length > 0) return [];
  const { id: processId, name, host, pid, heartbeatAt: since } = process;
  return [{ why: "silent", processId, process: { name, host, pid }, since }];
}

/** Somebody is there to make due jobs ready, and to take up what was left undone. */
export function isDispatched(processes: readonly Known[]): boolean {
  return processes.some(({ kind }) => kind === "dispatcher");
}

export interface Staff {
  /** Why nobody of them could take the job, whatever they do at the moment. */
  readonly reasons: readonly Reason[];
  /** Those that could. */
  readonly able: readonly Known[];
}

/** Who of the living processes could take a job. Who starts may have code for anything. */
export function staffFor(
  { queue, name }: Pick<Job, "queue" | "name">,
  processes: readonly Known[],
): Staff {
  const workers = processes.filter(({ kind }) => kind === "worker");
  const mayKnow = ({ state, names }: Known): boolean =>
    state === "starting" || names.includes(name);
  const there = workers.filter(({ queues }) => queues.some((entry) => means(entry, queue)));
  const able = there.filter(mayKnow);
  if (able.length > 0) return { reasons: [], able };
  const unknown: Reason = { why: "unknown-name", name };
  if (there.length > 0) return { reasons: [unknown], able };
  const isUnknown = workers.length > 0 && !workers.some(mayKnow);
  return { reasons: [{ why: "no-worker", queue }, ...(isUnknown ? [unknown] : [])], able };
}

function means(entry: string, queue: string): boolean {
  return entry.endsWith("*") ? queue.startsWith(entry.slice(0, -1)) : queue === entry;
}

/** How many jobs before a job are counted. */
export const mostAhead = 1_000;

/** A claim that some workers would make next. */
export interface Ask extends Claim {
  /** They claim at all: they run, and were not told to be quiet or to stop. */
  readonly claims: boolean;
}

const claimingStates: readonly ProcessState[] = ["running", "busy"];

/** The different claims of workers that could take a job; those that are made come first. */
export function asksOf(able: readonly Known[]): readonly Ask[] {
  const asks = new Map<string, Ask>();
  for (const { queues, names, state, jobs } of able) {
    if (state === "starting") continue;
    const idle = jobs === 0;
    const claims = claimingStates.includes(state);
    const limit = idle ? mostAhead : 1;
    asks.set(JSON.stringify([queues, names, idle, claims]), { queues, names, limit, idle, claims });
  }
  return [...asks.values()].sort((a, b) => Number(b.claims) - Number(a.claims));
}

/** `ahead`: of each ask, how many jobs its worker would take before the job. */
export function full(able: readonly Known[], ahead: readonly number[]): Reason {
  const least = ahead.length === 0 ? 0 : Math.min(mostAhead, ...ahead);
  const states: Partial<Record<ProcessState, number>> = {};
  for (const { state } of able) states[state] = (states[state] ?? 0) + 1;
  return { why: "workers-full", workers: able.length, states, ahead: least };
}

/** What is known of the group of a ready command. */
export interface GroupState {
  readonly group: string;
  /** On each host; 0: no limit. */
  readonly slots: number;
  /** By commands that run, on all hosts. */
  readonly taken: number;
  /** How many come before it, and how many slots they and it want. */
  readonly ahead: number;
  readonly wanted: number;
}

/** Whether the next claim takes a ready command; `processes` live. */
export function commandReasons(
  { group, slots, taken, ahead, wanted }: GroupState,
  processes: readonly Known[],
): readonly Reason[] {
  const able = processes.filter(({ kind }) => kind === "commands");
  const runtimes = processes.filter(({ kind }) => kind === "supervisor").length;
  if (able.length === 0) return [{ why: "no-runner", group, runtimes }];
  const claiming = able.filter(({ state }) => claimingStates.includes(state));
  if (claiming.length === 0) return [full(able, [ahead])];
  if (slots === 0 || taken + wanted <= slots * claiming.length) return [];
  return [{ why: "slots", group, slots, taken, ahead }];
}

/** A gate that a blocked job has no slot of. */
export interface Gate {
  readonly reason: Extract<Reason, { readonly why: "blocked" }>;
  /** There is a slot, and nobody has given it to the job yet. */
  readonly free: boolean;
}

/**
 * Of a blocked job: the gates that have no slot free, and nothing about those that have one. Where
 * each has one, nobody has said so yet.
 */
export function blockedBy(gates: readonly Gate[], dispatched: boolean): readonly Reason[] {
  const lacking = gates.filter(({ free }) => !free);
  return lacking.length === 0 ? [unsaid(dispatched)] : lacking.map(({ reason }) => reason);
}

/** Nothing keeps it any more, but that it has to be said. */
function unsaid(dispatched: boolean): Reason {
  return { why: dispatched ? "not-dispatched" : "no-dispatcher" };
}

/** What a dependency waits for, or that nobody counts it. */
export function waitingFor(
  after: readonly { readonly id: number; readonly state: JobState }[],
  dispatched: boolean,
): Reason {
  return after.length > 0 ? { why: "waiting", after } : unsaid(dispatched);
}

export function dueAt(runAt: number, now: number, dispatched: boolean): Reason {
  const inMs = Math.max(0, runAt - now);
  return inMs > 0 || dispatched ? { why: "scheduled", runAt, inMs } : { why: "no-dispatcher" };
}
