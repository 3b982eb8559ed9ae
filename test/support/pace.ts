// How much slower this machine is than two cores that are ours: promises in seconds are made for
// those. Others may have most of a shared machine, for minutes; nothing of ours is to blame then.
//
// Where Node needs no more of a processor than usual, and nobody else has one, what we keep busy
// ourselves does not count: it would loosen the bounds that it breaks. On a slow machine it does,
// by the clock: there the tests that run at once are in each other's way more than elsewhere.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { processorTime, stolenSince } from "./processor-time.ts";

const execute = promisify(execFile);

/** Processor time to start Node and do nothing, in milliseconds; measured where it took 17. */
const usualMs = 20;
/** So many times that is still a machine like those. */
const usualPace = 1.3;
/** What takes even longer is looked at again: a bound beyond that would be none. */
const slowestPace = 10;
const spentMs = "const { user, system } = process.cpuUsage(); console.log((user + system) / 1000)";
/** What was seen is good for so many milliseconds. */
const freshMs = 5_000;

let pace = 1;
let told = 1;
let takenAt = Number.NEGATIVE_INFINITY;
let before = processorTime();

/** Looks at how fast the machine is now, unless it was just done. Answers whether it is slow. */
export async function takePace(): Promise<boolean> {
  if (performance.now() - takenAt < freshMs) return pace > 1;
  const byClock: number[] = [];
  const spent: number[] = [];
  while (spent.length < 3) {
    const began = performance.now();
    spent.push(Number((await execute(process.execPath, ["-e", spentMs])).stdout));
    byClock.push(performance.now() - began);
  }
  const slower = middle(spent) / usualMs / (1 - stolenSince(before));
  const seen = slower < usualPace ? 1 : Math.max(slower, middle(byClock) / usualMs);
  pace = Math.min(seen, slowestPace);
  before = processorTime();
  takenAt = performance.now();
  return pace > 1;
}

function middle(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

/** What takes at most `ms` milliseconds takes here, now, at most so many; never fewer. */
export function within(ms: number): number {
  if (pace > told) console.warn(`a slow machine: what may take 1 s may take ${pace.toFixed(1)} s`);
  told = Math.max(told, pace);
  return ms * pace;
}
