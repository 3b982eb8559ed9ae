// How much slower this machine is than two cores that are ours: promises in seconds are made for
// those. Others may have most of a shared machine, for minutes; nothing of ours is to blame then.

import { execFileSync } from "node:child_process";

/** To start Node and do nothing, in milliseconds, where three tests at a time share two cores. */
const usualMs = 30;
/** What was seen is good for so many milliseconds. */
const freshMs = 5_000;

let pace = 1;
let told = 1;
let takenAt = Number.NEGATIVE_INFINITY;

/** Looks at how fast the machine is now, unless it was just done. */
export function takePace(): void {
  if (performance.now() - takenAt < freshMs) return;
  const times = [1, 2, 3].map(() => {
    const began = performance.now();
    execFileSync(process.execPath, ["-e", "0"]);
    return performance.now() - began;
  });
  pace = Math.max(1, times.sort((a, b) => a - b)[1]! / usualMs);
  takenAt = performance.now();
}

/** What takes at most `ms` milliseconds takes here, now, at most so many; never fewer. */
export function within(ms: number): number {
  if (pace > told) console.warn(`a slow machine: what may take 1 s may take ${pace.toFixed(1)} s`);
  told = Math.max(told, pace);
  return ms * pace;
}
