// What a shared machine gave its processors' time to: others may get most of it for a while.

import { readFileSync } from "node:fs";

/** Of all processors together since the machine started, in hundredths of a second. */
export interface ProcessorTime {
  readonly given: number;
  readonly stolen: number;
}

/** Of the time that processes asked for; above it no promise in seconds can be kept. */
const mostStolen = 0.05;
/** In hundredths of a second: less says nothing, the clock goes by those. */
const leastStolen = 5;

/** Nothing is stolen where the system does not count it. Source: proc(5), the line `cpu`. */
export function processorTime(): ProcessorTime {
  try {
    const [total] = readFileSync("/proc/stat", "utf8").split("\n", 1);
    const [user, nice, system, , , irq, softirq, stolen] = total!.split(/ +/).slice(1).map(Number);
    return { given: user! + nice! + system! + irq! + softirq!, stolen: stolen ?? 0 };
  } catch {
    return { given: 0, stolen: 0 };
  }
}

/** The share of what was asked for since then that somebody else got; 0 to 1. */
export function stolenSince(before: ProcessorTime): number {
  const now = processorTime();
  const stolen = now.stolen - before.stolen;
  return stolen < leastStolen ? 0 : stolen / (now.given - before.given + stolen);
}

/** Whether that was too much. */
export function wasShared(before: ProcessorTime): boolean {
  return stolenSince(before) > mostStolen;
}
