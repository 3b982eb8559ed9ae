// How much slower this machine is than two cores that are ours: promises in seconds are made for
// those. Others may have most of a shared machine, for minutes; nothing of ours is to blame then.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** To start Node and do nothing on two cores that are ours, in milliseconds: 17 when measured. */
const usualMs = 20;
/** What was seen is good for so many milliseconds. */
const freshMs = 5_000;

let pace = 1;
let told = 1;
let takenAt = Number.NEGATIVE_INFINITY;

/** Looks at how fast the machine is now, unless it was just done. */
export async function takePace(): Promise<void> {
  if (performance.now() - takenAt < freshMs) return;
  const times: number[] = [];
  while (times.length < 3) {
    const began = performance.now();
    await execute(process.execPath, ["-e", "0"]);
    times.push(performance.now() - began);
  }
  pace = Math.max(1, times.sort((a, b) => a - b)[1]! / usualMs);
  takenAt = performance.now();
}

/** What takes at most `ms` milliseconds takes here, now, at most so many; never fewer. */
export function within(ms: number): number {
  if (pace > told) console.warn(`a slow machine: what may take 1 s may take ${pace.toFixed(1)} s`);
  told = Math.max(told, pace);
  return ms * pace;
}
