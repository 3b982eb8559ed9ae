// The schedule of a job, as its definition says it: a recurring task that comes with the code.

import type { Json, NewTask } from "@queue-runtime/store";
import type { Duration } from "../values/duration.ts";
import { checkOptions, inPlace, kindOf, oneOf } from "../values/options.ts";
import { strictJson } from "../values/strict-json.ts";
import { parseSchedule } from "./parse-schedule.ts";

export interface ScheduleOptions<Input = unknown> {
  /** Cron of 5 or 6 fields, or `@daily` and the like. Either this or `every`. */
  readonly cron?: string;
  /** Such as `10m`, counted in UTC from the beginning of 1970. Either this or `cron`. */
  readonly every?: Duration;
  /** An IANA name for `cron`; UTC by default. */
  readonly timeZone?: string;
  /** What each of its jobs is given; null by default. */
  readonly input?: Input;
  /** Of ticks that were missed: none, the newest, or all. What the runtime says, by default. */
  readonly catchUp?: CatchUp;
  /** For people. */
  readonly description?: string;
}

export type CatchUp = NewTask["catchUp"];

export interface SchedulePolicy {
  /** As a text: cron, `@daily`, `every 10m`. */
  readonly schedule: string;
  /** null: UTC. */
  readonly timeZone: string | null;
  readonly input: Json;
  /** null: what the runtime says. */
  readonly catchUp: CatchUp | null;
  readonly description: string | null;
}

const known = ["cron", "every", "timeZone", "input", "catchUp", "description"];
const catchUps = ["none", "one", "all"] as const;

/** @throws TypeError, NotJsonError */
export function readSchedule(where: string, value: unknown): SchedulePolicy | null {
  if (value === undefined) return null;
  const place = `${where}: schedule`;
  if (typeof value !== "string") checkOptions(place, value, known);
  const options: ScheduleOptions = typeof value === "string" ? {} : (value as ScheduleOptions);
  const text = typeof value === "string" ? value : textOf(place, options);
  const { timeZone = null, input, catchUp } = options;
  const { text: schedule } = inPlace(place, () => parseSchedule(text, timeZone));
  return Object.freeze({
    schedule,
    timeZone,
    input: input === undefined ? null : strictJson(input, "input", `${place}.`),
    catchUp: catchUp === undefined ? null : readCatchUp(place, catchUp),
    description: readDescription(place, options.description),
  });
}

export function readCatchUp(where: string, catchUp: unknown): CatchUp {
  return oneOf(`${where}.catchUp`, catchUp, catchUps);
}

/** @throws TypeError */
export function readDescription(where: string, description: unknown): string | null {
  if (description === undefined || description === null) return null;
  if (typeof description === "string") return description;
  throw new TypeError(`${where}.description must be a string, not ${kindOf(description)}`);
}

function textOf(where: string, { cron, every }: ScheduleOptions): string {
  if ((cron === undefined) === (every === undefined)) {
    throw new TypeError(`${where} needs cron or every, and not both`);
  }
  if (cron !== undefined) return cron;
  return `every ${typeof every === "number" ? `${every}ms` : every}`;
}
