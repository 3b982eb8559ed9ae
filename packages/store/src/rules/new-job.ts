// What may be enqueued. Every store asks here first, so that all refuse the same things in the
// same words; what a job's code makes of its args is checked a layer above.

import { StoreError } from "../errors.ts";
import type { JobKind, NewJob } from "../job.ts";

/** A new job with every default filled in and its args as text. */
export interface PreparedJob {
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
/** The last millisecond a `Date` can hold. */
const latestTime = 8_640_000_000_000_000;
/** Whatever the clock says, the sum is a date. */
const longestDelay = latestTime / 2;

/**
 * Checks a job and fills in its defaults.
 * @throws StoreError `invalid`, with the field in its message
 */
export function prepareJob(job: NewJob): PreparedJob {
  if (typeof job !== "object" || job === null) throw invalid("a job must be an object", job);
  return {
    name: text("name", job.name, longestName),
    kind: checkKind(job.kind ?? "module"),
    queue: checkQueue(job.queue ?? "default"),
    args: argsText(job.args),
    priority: checkPriority(job.priority ?? 0),
    ...due(job),
    held: job.held === true,
    label: job.label == null ? null : text("label", job.label, longestLabel),
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

function text(field: string, value: unknown, longest: number): string {
  if (typeof value !== "string" || value === "")
    throw invalid(`${field} must be a string that is not empty`, value);
  if (value.length > longest)
    throw invalid(`${field} must have at most ${longest} characters, not ${value.length}`);
  if (value.includes("\0")) throw invalid(`${field} must not contain a NUL character`);
  if (!value.isWellFormed()) throw invalid(`${field} must be well-formed Unicode`);
  return value;
}

function checkKind(kind: unknown): JobKind {
  if (kind === "module" || kind === "command") return kind;
  throw invalid('kind must be "module" or "command"', kind);
}

function checkPriority(priority: unknown): number {
  if (Number.isSafeInteger(priority)) return priority as number;
  throw invalid("priority must be a whole number", priority);
}

function due({ delayMs, runAt }: NewJob): Pick<PreparedJob, "at" | "inMs"> {
  if (delayMs !== undefined) return { at: null, inMs: time("delayMs", delayMs, longestDelay) };
  if (runAt === undefined) return { at: null, inMs: 0 };
  return { at: Math.ceil(time("runAt", runAt, latestTime)), inMs: 0 };
}

function time(field: string, value: unknown, latest: number): number {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0)
    throw invalid(`${field} must be a number of milliseconds, 0 or more`, value);
  if (value > latest) throw invalid(`${field} is too far in the future`);
  return value;
}

function argsText(args: unknown): string | null {
  if (args === undefined || args === null) return null;
  let json: string | undefined;
  try {
    json = JSON.stringify(args);
  } catch (cause) {
    throw invalid(`args must be JSON: ${(cause as Error).message.split("\n")[0]}`);
  }
  if (json === undefined) throw invalid("args must be JSON", args);
  // A UTF-16 unit is at most three bytes of UTF-8: most args are never measured.
  if (json.length * 3 > largestArgs && Buffer.byteLength(json) > largestArgs)
    throw invalid(`args must be at most ${largestArgs} bytes of JSON`);
  return json;
}

function invalid(what: string, value?: unknown): StoreError {
  const shown = value === undefined ? "" : `, not ${show(value)}`;
  return new StoreError("invalid", `the job cannot be enqueued: ${what}${shown}`);
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  return typeof value === "object" || typeof value === "function" ? typeof value : String(value);
}
