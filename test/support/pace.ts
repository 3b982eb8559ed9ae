// How much slower this machine is than two cores that are ours: promises in seconds are made for
// those. Others may have most of a shared machine, for minutes; nothing of ours is to blame then.
// What we ourselves keep busy does not count: it would loosen the bounds that it breaks.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { processorTime, stolenSince } from "./processor-time.ts";

const execute = promisify(execFile);

/** Processor time to start Node and do nothing, in milliseconds; measured where it took 17. */
const usualMs = 20;
const spentMs = "const { user, system } = process.cpuUsage(); console.log((user + system) / 1000)";
/** What was seen is good for so many milliseconds. */
const freshMs = 5_000;

let pace = 1;
let told = 1;
let takenAt = Number.NEGATIVE_INFINITY;
let before = processorTime();

/** Looks at how fast the machine is now, unless it was just done. */
export async function takePace(): Promise<void> {
  if (performance.now() - takenAt < freshMs) return;
  const times: number[] = [];
  while (times.length < 3)
    times.push(Number((await execute(process.execPath, ["-e", spentMs])).stdout));
  const slower = times.sort((a, b) => a - b)[1]! / usualMs;
  pace = Math.max(1, slower / (1 - stolenSince(before)));
  before = processorTime();
  takenAt = performance.now();
}

/** What takes at most `ms` milliseconds takes here, now, at most so many; never fewer. */
export function within(ms: number): number {
  if (pace > told) console.warn(`a slow machine: what may take 1 s may take ${pace.toFixed(1)} s`);
  told = Math.max(told, pace);
  return ms * pace;
}
