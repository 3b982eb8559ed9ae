// When jobs ran, as they saw it themselves, and what can be told from that: how fast they followed
// each other, how long a key lay idle between two of them, how many ran or began at once.

import { setImmediate as nextRound } from "node:timers/promises";
import { monotonic } from "../../support/runtime-process.ts";

/** The job's number, its first and its last moment by the clock that all processes share. */
export type Span = readonly [number: number, from: number, to: number];

/**
 * The work of every job that a limit is measured with. It lets go of the event loop once: two that
 * should not overlap could, within one process too.
 */
export async function spend({ number }: { readonly number: number }): Promise<Span> {
  const from = monotonic();
  await nextRound();
  return [number, from, monotonic()];
}

/** Jobs per second, from the first one's start to the last one's end. */
export function speedOf(spans: readonly Span[]): number {
  const first = Math.min(...spans.map(([, from]) => from));
  const last = Math.max(...spans.map(([, , to]) => to));
  return spans.length / ((last - first) / 1_000);
}

/** Milliseconds from each end to the next start; below 0 where two overlapped. */
export function gapsOf(spans: readonly Span[]): number[] {
  const inOrder = spans.toSorted(([, one], [, other]) => one - other);
  return inOrder.slice(1).map(([, from], index) => from - inOrder[index]![2]);
}

/** How many jobs of one key ran at the same moment, at most. */
export function mostAtOnce(
  spans: readonly Span[],
  keyOf: (number: number) => number = () => 0,
): number {
  const events = spans.flatMap(([number, from, to]) => [
    { key: keyOf(number), at: from, step: 1 },
    { key: keyOf(number), at: to, step: -1 },
  ]);
  // of what happened at the same moment, ends first
  events.sort((one, other) => one.at - other.at || one.step - other.step);
  const running = new Map<number, number>();
  let most = 0;
  for (const { key, step } of events) {
    const now = (running.get(key) ?? 0) + step;
    running.set(key, now);
    most = Math.max(most, now);
  }
  return most;
}

/** How many of these moments lie in one window of so many milliseconds, at most. */
export function mostWithin(moments: readonly number[], windowMs: number): number {
  const inOrder = moments.toSorted((one, other) => one - other);
  let most = 0;
  let first = 0;
  for (const [last, moment] of inOrder.entries()) {
    while (moment - inOrder[first]! >= windowMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
