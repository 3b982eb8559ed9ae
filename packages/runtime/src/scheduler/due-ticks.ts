// Which ticks of a task are to be recorded now. Pure: the clock, the schedule and the ledger are
// given.
//
// Of what is due, the ticks that came while somebody was there are on time, each of them recorded
// however many there are. The others were missed, and `catch_up` says what becomes of them:
// nothing, the newest, or all, which are at most a thousand: a task of every minute after a year of
// absence would bring half a million jobs that nobody wants any more. Then the newest thousand
// count, looked for from the end: nobody goes through that year.

import type { Schedule } from "@queue-runtime/job";
import type { NewTask } from "@queue-runtime/store";

/** At most this many missed ticks of one task are made up for. */
export const mostMissed = 1_000;

export interface Standing {
  /** Ticks up to here are settled: recorded, or from before the task was defined. */
  readonly base: number;
  /** Since when somebody has been there. */
  readonly attendedSince: number;
  readonly now: number;
}

export interface DueTicks {
  /** Oldest first. */
  readonly ticks: readonly number[];
  /** How many of them were missed. */
  readonly missed: number;
  /** More were missed than are made up for. */
  readonly truncated: boolean;
}

const nothing: DueTicks = { ticks: [], missed: 0, truncated: false };

export function dueTicks(
  schedule: Pick<Schedule, "next" | "last">,
  { base, attendedSince, now }: Standing,
  catchUp: NewTask["catchUp"],
): DueTicks {
  const first = schedule.next(base);
  if (first === null || first > now) return nothing;
  const from = Math.min(Math.max(base, attendedSince), now);
  const onTime = ticksIn(schedule, from, now);
  if (catchUp === "none" || first > from) return { ...nothing, ticks: onTime };
  const most = catchUp === "one" ? 1 : mostMissed;
  const missed = newest(schedule, { after: base, upTo: from }, most);
  const truncated = catchUp === "all" && missed.length === most && first < missed[0]!;
  return { ticks: [...missed, ...onTime], missed: missed.length, truncated };
}

interface Span {
  readonly after: number;
  readonly upTo: number;
}

function ticksIn({ next }: Pick<Schedule, "next">, after: number, upTo: number): number[] {
  const ticks: number[] = [];
  for (let at = next(after); at !== null && at <= upTo; at = next(at)) ticks.push(at);
  return ticks;
}

function newest(
  { last }: Pick<Schedule, "last">,
  { after, upTo }: Span,
  most: number,
): readonly number[] {
  const ticks: number[] = [];
  for (let at = last(upTo); at !== null && at > after; at = last(at - 1)) {
    if (ticks.push(at) === most) break;
  }
  return ticks.reverse();
}
