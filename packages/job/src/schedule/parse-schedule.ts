// When a recurring task is due: text in, ticks out. It knows no clock; whoever asks says the time,
// and the next tick is computed from the one before, never from now, so that a timer that fires
// early or late can neither repeat a tick nor skip one.
//
// Two kinds. `every 10m` counts from the beginning of 1970 in UTC, so that all hosts, and the same
// host after a restart, mean the same instants. Cron means the clock on the wall of its time zone:
// - A time of day that is written out (no `*` and no `/` among seconds, minutes and hours) comes
//   once a day: where the clocks skip it, at the first instant after the gap; where they repeat it,
//   the first time.
// - Any other expression means every such reading of the clock: one that is skipped does not come,
//   one that is repeated comes twice.

import { Cron } from "croner";
import { type Duration, parseDuration } from "../values/duration.ts";
import { kindOf } from "../values/options.ts";
import { advice, neverDue, whyNoCron } from "./cron-refusals.ts";

export interface Schedule {
  /** As it was written. */
  readonly text: string;
  /** An IANA name; null: UTC. */
  readonly timeZone: string | null;
  /** The first tick later than a time, both in milliseconds since 1970; null: never again. */
  next(after: number): number | null;
  /** The last tick at or before a time; null: there was none. */
  last(at: number): number | null;
}

type Ticks = Pick<Schedule, "next" | "last">;

const zoneAdvice = "write an IANA name, such as Europe/Berlin or UTC";
const nicknames = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/;
const longest = 200;

/**
 * Reads a schedule: cron of 5 or 6 fields, `@daily` and the like, or `every 10m`.
 * @throws RangeError, one sentence, when it is none, is never due, or the time zone is unknown
 */
export function parseSchedule(text: string, timeZone: string | null = null): Schedule {
  if (typeof text !== "string") {
    throw new RangeError(`a schedule is a string, not ${kindOf(text)}; ${advice}`);
  }
  if (timeZone !== null) checkTimeZone(timeZone);
  const written = text.trim().replace(/\s+/g, " ");
  if (written.length > longest) {
    throw new RangeError(`a schedule has at most ${longest} characters; ${advice}`);
  }
  const every = /^every (\S+)$/.exec(written);
  const ticks = every === null ? cron(written, timeZone) : interval(written, every[1]!);
  if (every !== null && timeZone !== null) {
    throw new RangeError(
      `${quoted(written)} has no time zone, because it counts in UTC; leave the time zone out, ` +
        "or write cron",
    );
  }
  return { text: written, timeZone, ...ticks };
}

/** The next ticks after a time, for people to look at; fewer where there are no more. */
export function previewSchedule(schedule: Schedule, after: number, count = 10): readonly number[] {
  const ticks: number[] = [];
  for (let next = schedule.next(after); next !== null; next = schedule.next(next)) {
    if (ticks.push(next) >= count) break;
  }
  return ticks;
}

/** @throws RangeError. Offsets such as +01:00 are refused: they know no summer time. */
export function checkTimeZone(name: string): void {
  if (typeof name !== "string") {
    throw new RangeError(`a time zone is a string, not ${kindOf(name)}; ${zoneAdvice}`);
  }
  try {
    if (/^[A-Za-z]/.test(name)) {
      new Intl.DateTimeFormat("en", { timeZone: name });
      return;
    }
  } catch {
    // Not known, like one that begins with a sign.
  }
  throw new RangeError(`${quoted(name)} is not a time zone; ${zoneAdvice}`);
}

function interval(written: string, duration: Duration): Ticks {
  const ms = readInterval(written, duration);
  if (ms < 1_000) throw new RangeError(`${quoted(written)} is too often; 1s is the shortest`);
  return {
    next: (after) => Math.floor(after / ms) * ms + ms,
    last: (at) => Math.floor(at / ms) * ms,
  };
}

function readInterval(written: string, duration: Duration): number {
  try {
    return parseDuration(duration);
  } catch (cause) {
    // In a schedule even a number is text, and has no unit.
    const why = (cause as Error).message.replace(/, or a number of milliseconds$/, "");
    throw new RangeError(`${quoted(written)} is not a schedule: ${why}`, { cause });
  }
}

function cron(written: string, timeZone: string | null): Ticks {
  const fields = written.split(" ").length;
  if (!nicknames.test(written) && fields !== 5 && fields !== 6) refuse(written, whyNoCron(written));
  // In UTC no hour is missing, so that "never" means the expression and not a change of clocks.
  if (croner(written, "UTC").nextRun(new Date(0)) === null) refuse(written, neverDue);
  const clock = croner(written, timeZone ?? "UTC");
  return {
    next: (after) => clock.nextRun(new Date(after))?.getTime() ?? null,
    // Ticks are whole seconds, and croner looks before the time that it is given.
    last: (at) => clock.previousRuns(1, new Date(nextSecond(at)))[0]?.getTime() ?? null,
  };
}

function croner(written: string, timezone: string): Cron {
  try {
    return new Cron(written, { paused: true, timezone, fixedTimeRule: "no-wildcard" });
  } catch {
    return refuse(written, whyNoCron(written));
  }
}

function nextSecond(at: number): number {
  return Math.floor(at / 1_000) * 1_000 + 1_000;
}

function refuse(written: string, complaint: string): never {
  throw new RangeError(`${quoted(written)} ${complaint}`);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}
