// What vitest does around each test. Machines are shared: now and then somebody else gets their
// processors, for seconds at a time, and no promise in seconds can be kept meanwhile. A test that
// failed then has shown nothing and is looked at again; where the machine gave all it had, a failure
// stands, for a second look would hide a race.

import { readFileSync } from "node:fs";
import { beforeEach } from "vitest";
import { takePace } from "./pace.ts";

/** Of the time that processes asked for; below it a test must succeed the first time. */
const mostStolen = 0.05;

/** Of all processors together since the machine started, in hundredths of a second. */
interface ProcessorTime {
  readonly given: number;
  readonly stolen: number;
}

/** Nothing is stolen where the system does not count it. Source: proc(5), the line `cpu`. */
function processorTime(): ProcessorTime {
  try {
    const [total] = readFileSync("/proc/stat", "utf8").split("\n", 1);
    const [user, nice, system, , , irq, softirq, stolen] = total!.split(/ +/).slice(1).map(Number);
    return { given: user! + nice! + system! + irq! + softirq!, stolen: stolen ?? 0 };
  } catch {
    return { given: 0, stolen: 0 };
  }
}

/** The share of what was asked for that somebody else got; 0 to 1. */
function stolenSince(before: ProcessorTime): number {
  const now = processorTime();
  const stolen = now.stolen - before.stolen;
  const asked = now.given - before.given + stolen;
  return asked > 0 ? stolen / asked : 0;
}

/** Tests that measure milliseconds get so many on any machine: others use it too. */
const looks = Number(process.env.RUNTIME_TEST_LOOKS ?? 0);

beforeEach(async ({ task }) => {
  await takePace();
  if (typeof task.retry !== "object") return;
  const before = processorTime();
  const again = () => (task.result?.retryCount ?? 0) < looks || stolenSince(before) > mostStolen;
  // a configuration holds no functions, and a test declares its own; vitest asks whenever one fails
  Object.assign(task, { retry: { ...task.retry, condition: again } });
});
