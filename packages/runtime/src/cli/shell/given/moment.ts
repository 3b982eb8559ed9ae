// When, as people write it, by the clock and the calendar on the wall: what Pueue takes, and more.
// Seconds `90`; durations `5m`, `1h 30m`, `4 months`; times `17:30`, `9am`; days `2026-04-01`,
// `1 Apr`, `4/1`, `friday`, `tomorrow`, each with a time behind it or midnight.

import { systemClock } from "@queue-runtime/store";
import { UsageError } from "../../line/errors.ts";
import { quoted } from "../../terminal/text.ts";
import { type Day, dayOf, type Time, timeOf } from "./calendar.ts";

export type Later = { readonly delay_ms: number } | { readonly at: string };

/** `{}` where nothing was asked for. @throws UsageError */
export function readLater(
  name: string,
  text: string | undefined,
  now: number = systemClock.now(),
): Later | Record<string, never> {
  if (text === undefined) return {};
  const typed = text.trim().toLowerCase();
  if (/^-/.test(typed)) {
    throw new UsageError(`--${name} ${quoted(text)} is negative; a delay is at least 0`);
  }
  if (/^\d+$/.test(typed)) return inBounds(name, text, Number(typed) * 1_000);
  if (zoned.test(text)) return moment(name, text, Date.parse(text));
  const periods = periodsOf(typed);
  if (periods !== null) return afterPeriods(name, text, { ...periods, now });
  return moment(name, text, onCalendar(typed, now));
}

const zoned = /^\d{4}-\d\d-\d\d[t ]\d\d:\d\d(:\d\d(\.\d+)?)?(z|[+-]\d\d:?\d\d)$/i;
/** Ten years, as everywhere. */
const longestMs = 3_650 * 86_400_000;

function inBounds(name: string, text: string, ms: number): Later {
  if (ms <= longestMs) return { delay_ms: Math.round(ms) };
  throw new UsageError(`--${name} ${quoted(text)} is longer than ten years, the longest delay`);
}

function moment(name: string, text: string, ms: number): Later {
  if (!Number.isNaN(ms)) return { at: new Date(ms).toISOString() };
  const forms = "write one like 90 (seconds), 5m, 17:30, tomorrow 9am or 2026-05-01T09:00:00Z";
  throw new UsageError(`--${name} ${quoted(text)} is not a time; ${forms}`);
}

interface Periods {
  readonly ms: number;
  readonly months: number;
  /** What stands behind them. */
  readonly rest: string;
}

const unitMs: readonly (readonly [RegExp, number])[] = [
  [/^(ms|milliseconds?)$/, 1],
  [/^(s|secs?|seconds?)$/, 1_000],
  [/^(m|mins?|minutes?)$/, 60_000],
  [/^(h|hrs?|hours?)$/, 3_600_000],
  [/^(d|days?)$/, 86_400_000],
  [/^(w|weeks?)$/, 7 * 86_400_000],
];
const unitMonths: readonly (readonly [RegExp, number])[] = [
  [/^months?$/, 1],
  [/^(y|years?)$/, 12],
];

/** null: it does not begin with a number and a unit. */
function periodsOf(text: string): Periods | null {
  const one = /^(\d+(?:\.\d+)?)\s*([a-z]+)(?=[\s\d,]|$)[\s,]*/;
  let rest = text;
  let [ms, months, found] = [0, 0, false];
  for (let match = one.exec(rest); match !== null; match = one.exec(rest)) {
    const [all, number = "", unit = ""] = match;
    const each = unitMs.find(([name]) => name.test(unit))?.[1];
    const month = unitMonths.find(([name]) => name.test(unit))?.[1];
    if (each === undefined && month === undefined) break;
    ms += Number(number) * (each ?? 0);
    months += Math.round(Number(number) * (month ?? 0));
    rest = rest.slice(all.length);
    found = true;
  }
  return found ? { ms, months, rest } : null;
}

/** `1d 03:00` is the third hour of tomorrow. */
function afterPeriods(name: string, text: string, periods: Periods & { now: number }): Later {
  const { ms, months, rest, now } = periods;
  if (rest === "" && months === 0) return inBounds(name, text, ms);
  const then = new Date(now + ms);
  then.setMonth(then.getMonth() + months);
  inBounds(name, text, then.getTime() - now);
  if (rest === "") return moment(name, text, then.getTime());
  const time = timeOf(rest);
  if (time === null) return moment(name, text, Number.NaN);
  then.setHours(time.hours, time.minutes, time.seconds, 0);
  return moment(name, text, then.getTime());
}

/** NaN where it is no time at all. */
function onCalendar(text: string, now: number): number {
  const today = new Date(now);
  const alone = timeOf(text);
  if (alone !== null) {
    const then = at({ date: today, passes: false }, alone);
    // the clock on the wall shows it tomorrow
    return then > now ? then : at({ date: plusDays(today, 1), passes: false }, alone);
  }
  const found = dayOf(text, today);
  if (found === null) return Number.NaN;
  const time = found.rest === "" ? midnight : timeOf(found.rest);
  if (time === null) return Number.NaN;
  const then = at(found, time);
  return found.passes && then <= now ? nextYear(then) : then;
}

const midnight: Time = { hours: 0, minutes: 0, seconds: 0 };

function at({ date }: Pick<Day, "date" | "passes">, time: Time): number {
  const then = new Date(date);
  then.setHours(time.hours, time.minutes, time.seconds, 0);
  return then.getTime();
}

function plusDays(date: Date, days: number): Date {
  const then = new Date(date);
  then.setDate(then.getDate() + days);
  return then;
}

function nextYear(ms: number): number {
  const then = new Date(ms);
  then.setFullYear(then.getFullYear() + 1);
  return then.getTime();
}
