// The fields of a job, one check each, in the same words for every store. The error says what is
// wrong with the field; that nothing was enqueued is said in front of it.

import { StoreError } from "../errors.ts";

/** The last millisecond a `Date` can hold. */
export const latestTime = 8_640_000_000_000_000;
/** Whatever the clock says, the sum is a date. */
export const longestDelay: number = latestTime / 2;

export function text(field: string, value: unknown, longest: number): string {
  if (typeof value !== "string" || value === "")
    throw invalid(`${field} must be a string that is not empty`, value);
  if (value.length > longest)
    throw invalid(`${field} must have at most ${longest} characters, not ${value.length}`);
  if (value.includes("\0")) throw invalid(`${field} must not contain a NUL character`);
  if (!value.isWellFormed()) throw invalid(`${field} must be well-formed Unicode`);
  return value;
}

export function time(field: string, value: unknown, latest: number): number {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0)
    throw invalid(`${field} must be a number of milliseconds, 0 or more`, value);
  if (value > latest) throw invalid(`${field} is too far in the future`);
  return value;
}

/** 1 or more. */
export function positive(field: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
  throw invalid(`${field} must be a whole number, 1 or more`, value);
}

export function oneOf<T extends string>(field: string, value: unknown, all: readonly T[]): T {
  if (all.includes(value as T)) return value as T;
  const names = all.map((each) => JSON.stringify(each));
  throw invalid(`${field} must be ${names.slice(0, -1).join(", ")} or ${names.at(-1)}`, value);
}

export function list(field: string, value: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`${field} must be an array`, value);
  if (value.length > most)
    throw invalid(`${field} must have at most ${most} entries, not ${value.length}`);
  return value;
}

export function distinct(field: string, values: readonly (string | number)[]): void {
  const seen = new Set<string | number>();
  for (const value of values) {
    if (seen.has(value)) throw invalid(`${field} must not name ${show(value)} twice`);
    seen.add(value);
  }
}

/** JSON, at most `largest` bytes of it; null for `null` and where there is nothing. */
export function jsonText(field: string, value: unknown, largest: number): string | null {
  if (value === undefined || value === null) return null;
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    throw invalid(`${field} must be JSON: ${(cause as Error).message.split("\n")[0]}`);
  }
  if (json === undefined) throw invalid(`${field} must be JSON`, value);
  // A UTF-16 unit is at most three bytes of UTF-8: most values are never measured.
  if (json.length * 3 > largest && Buffer.byteLength(json) > largest)
    throw invalid(`${field} must be at most ${largest} bytes of JSON`);
  return json;
}

export function object(field: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw invalid(`${field} must be an object`, value);
}

/** Where a check is asked on behalf of something that is no job, `prefixed` says what. */
export function invalid(what: string, value?: unknown): StoreError {
  const shown = value === undefined ? "" : `, not ${show(value)}`;
  return new StoreError("invalid", `${enqueueing}${what}${shown}`);
}

const enqueueing = "the job cannot be enqueued: ";

/** Runs checks whose errors then begin with `prefix`, and not with what is said of a job. */
export function prefixed<T>(prefix: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof StoreError) || !error.message.startsWith(enqueueing)) throw error;
    throw new StoreError(error.code, `${prefix}: ${error.message.slice(enqueueing.length)}`);
  }
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  return typeof value === "object" || typeof value === "function" ? typeof value : String(value);
}
