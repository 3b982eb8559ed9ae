// Values from the command line. Everything arrives as text, so that 1e400, 007 or a job named 12
// is never taken for a number by accident; each is read here, strictly, or refused with a sentence.

import type { JobFilter } from "@queue-runtime/store";
import { type JobState, jobStates } from "@queue-runtime/store/job";
import { quoted } from "../terminal/text.ts";
import type { Invocation } from "./command.ts";
import { UsageError } from "./errors.ts";

/** Job ids: bare positive integers, in the order they were given. */
export function readIds(texts: readonly string[]): readonly number[] {
  return texts.map((text) => readId(text));
}

export function readId(text: string, of: "job" | "batch" | "command" = "job"): number {
  const id = Number(text);
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(id)) return id;
  throw new UsageError(`${quoted(text)} is not a ${of} id; an id is a positive number such as 17`);
}

export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** An option that is a whole number; undefined where it was not given. */
export function readInteger(
  name: string,
  text: string | undefined,
  { least, most }: Bounds,
): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^-?\d+$/.test(text) && number >= least && number <= most) return number + 0;
  throw new UsageError(
    `--${name} ${quoted(text)} is not a whole number between ${least} and ${most}`,
  );
}

/** Only what was asked for: empty when nothing was. */
export function readFilter(invocation: Invocation): JobFilter {
  const states = readStates(invocation.texts("state"));
  const queue = invocation.text("queue");
  const name = invocation.text("name");
  const batch = invocation.text("batch");
  return {
    ...(states && { states }),
    ...(queue !== undefined && { queue }),
    ...(name !== undefined && { name }),
    ...(batch !== undefined && { batchId: readId(batch, "batch") }),
  };
}

/** `--state ready,running --state failed`; undefined where none was given. */
export function readStates(texts: readonly string[] | undefined): readonly JobState[] | undefined {
  return texts?.flatMap((text) => text.split(",")).map(readState);
}

function readState(text: string): JobState {
  const state = jobStates.find((each) => each === text);
  if (state !== undefined) return state;
  throw new UsageError(`${quoted(text)} is not a state; the states are ${jobStates.join(", ")}`);
}

/** A moment as ISO 8601 with a time zone, such as `2026-05-01T09:00:00Z`, in milliseconds. */
export function readMoment(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = isoMoment.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new UsageError(
    `--${name} ${quoted(text)} is not a time; write one like 2026-05-01T09:00:00Z, with its zone`,
  );
}

const isoMoment = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;

/** `Date.parse` takes 30 February for 2 March. */
function isDay(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

function eitherOf(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** An option with one of a few values; undefined where it was not given. */
export function readChoice<const Choice extends string>(
  name: string,
  text: string | undefined,
  choices: readonly Choice[],
): Choice | undefined {
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${name} ${quoted(text)} is not a choice; write ${eitherOf(choices)}`);
}
