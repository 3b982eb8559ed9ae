// A date, a time of today or both in a query, as the span that it names: a day, a minute, a second.

import { UsageError } from "../../line/errors.ts";
import { quoted } from "../../terminal/text.ts";
import type { Reader } from "./reader.ts";

/** Milliseconds since 1970; `to` is the first that is behind it. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const date = String.raw`(\d{4})-(\d{1,2})-(\d{1,2})`;
const time = String.raw`(\d{1,2}):(\d\d)(?::(\d\d))?`;
const form = new RegExp(String.raw`(?:${date}(?:[T\s]\s*${time})?|${time})(?!\S)`, "iy");

/** @throws UsageError */
export function readSpan(reader: Reader, now: number): Span {
  const match = reader.take(form);
  if (match === null) throw noTime(reader.rest());
  const [typed, year, month, day, ...clock] = match;
  const [hours, minutes, seconds] = year === undefined ? clock.slice(3) : clock;
  const from = year === undefined ? new Date(now) : dayOf(typed, [year, month, day].map(Number));
  from.setHours(Number(hours ?? 0), Number(minutes ?? 0), Number(seconds ?? 0), 0);
  if (Number(hours ?? 0) > 23 || Number(minutes ?? 0) > 59 || Number(seconds ?? 0) > 59) {
    throw noTime(typed);
  }
  return { from: from.getTime(), to: endOf(from, { hours, seconds }).getTime() };
}

function dayOf(typed: string, [year = 0, month = 0, day = 0]: readonly number[]): Date {
  const date = new Date(year, month - 1, day);
  if (date.getMonth() === month - 1 && date.getDate() === day) return date;
  throw noTime(typed);
}

/** The end of the day, of the minute or of the second, whichever was named. */
function endOf(
  from: Date,
  { hours, seconds }: { hours: string | undefined; seconds: string | undefined },
): Date {
  const to = new Date(from);
  if (hours === undefined) to.setDate(to.getDate() + 1);
  else if (seconds === undefined) to.setMinutes(to.getMinutes() + 1);
  else to.setSeconds(to.getSeconds() + 1);
  return to;
}

function noTime(typed: string): UsageError {
  const forms = "write one like 2026-05-01, 17:30 or 2026-05-01 17:30:00";
  return new UsageError(`${quoted(typed)} is not a time; ${forms}`);
}
