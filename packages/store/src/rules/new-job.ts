// What may be enqueued. Every store asks here first, so that all refuse the same things in the
// same words; what a job's code makes of its args is checked a layer above.

import type { JobKind, NewJob } from "../job.ts";
import { checkCommand, checkName, type PreparedCommand } from "./commands/new-command.ts";
import { invalid, jsonText, latestTime, longestDelay, text, time } from "./fields.ts";
import { checkLinks, type Links } from "./links.ts";

/** A new job with every default filled in and its args as text. */
export interface PreparedJob extends Links {
  readonly name: string;
  readonly kind: JobKind;
  readonly queue: string;
  /** JSON, or null for `null`. */
  readonly args: string | null;
  readonly priority: number;
  /** When it is due, in milliseconds since 1970, or null: `inMs` says it. */
  readonly at: number | null;
  /** When it is due, in milliseconds from now by the store's clock. */
  readonly inMs: number;
  readonly held: boolean;
  readonly label: string | null;
  /** Of a job of kind `command`, and of no other. */
  readonly command: PreparedCommand | null;
}

/** What the clock of the store makes of a prepared job. */
export interface Admission {
  readonly runAt: number;
  readonly state: "held" | "scheduled" | "ready";
}

/** `now` is the store's time in milliseconds. */
export function admit({ at, inMs, held }: PreparedJob, now: number): Admission {
  const runAt = at ?? Math.ceil(now + inMs);
  return { runAt, state: held ? "held" : runAt > now ? "scheduled" : "ready" };
}

const longestName = 200;
const longestLabel = 10_000;
const largestArgs = 1_048_576;

/**
 * Checks a job and fills in its defaults.
 * @throws StoreError `invalid`, with the field in its message
 */
export function prepareJob(job: NewJob): PreparedJob {
  if (typeof job !== "object" || job === null) throw invalid("a job must be an object", job);
  const { gates, uniques, keyed, after, ifDependencyFails, batchId } = checkLinks(job);
  const kind = checkKind(job.kind ?? "module");
  return {
    name: checkName(kind, text("name", job.name, longestName)),
    kind,
    queue: checkQueue(job.queue ?? "default"),
    args: jsonText("args", job.args, largestArgs),
    priority: checkPriority(job.priority ?? 0),
    ...due(job),
    held: job.held === true,
    label: checkLabel(job.label),
    command: checkCommand(kind, job.command),
    gates,
    uniques,
    keyed,
    after,
    ifDependencyFails,
    batchId,
  };
}

/**
 * A queue is named without `*`, which asks for several in a worker's list.
 * @throws StoreError `invalid`
 */
export function checkQueue(queue: unknown): string {
  const name = text("queue", queue, longestName);
  if (name.includes("*")) throw invalid('queue must be one name, without "*"', queue);
  return name;
}

function checkKind(kind: unknown): JobKind {
  if (kind === "module" || kind === "command") return kind;
  throw invalid('kind must be "module" or "command"', kind);
}

/** @throws StoreError `invalid` */
export function checkLabel(label: unknown): string | null {
  return label == null ? null : text("label", label, longestLabel);
}

/** @throws StoreError `invalid` */
export function checkPriority(priority: unknown): number {
  if (Number.isSafeInteger(priority)) return priority as number;
  throw invalid("priority must be a whole number", priority);
}

function due({ delayMs, runAt }: NewJob): Pick<PreparedJob, "at" | "inMs"> {
  if (delayMs !== undefined) return { at: null, inMs: time("delayMs", delayMs, longestDelay) };
  if (runAt === undefined) return { at: null, inMs: 0 };
  return { at: Math.ceil(time("runAt", runAt, latestTime)), inMs: 0 };
}
