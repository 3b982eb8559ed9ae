// Budget row "memory: supervisor / idle worker with 3 threads", as resident memory (RSS), which
// counts the pages of Node itself in each process although they share them.

import { setTimeout as sleep } from "node:timers/promises";
import { residentBytes } from "../../support/proc.ts";
import type { Bench, Measurement } from "../harness/measurement.ts";
import { childPids, Project } from "../harness/project.ts";
import { below, type Figure, medianOf } from "../report/figures.ts";

export const memory: Measurement = {
  name: "memory",
  title: "Resident memory, idle, 3 seconds after the start",
  limitMs: 60_000,
  run,
};

async function run(bench: Bench): Promise<readonly Figure[]> {
  const supervisor: number[] = [];
  const worker: number[] = [];
  const dispatcher: number[] = [];
  for (let round = 0; round < bench.many(3); round += 1) {
    await using project = await Project.create(bench);
    const runtime = await project.start().ready();
    await sleep(3_000);
    supervisor.push(megabytes(runtime.pid));
    worker.push(megabytes(childPids(runtime.pid, "runtime worker")[0]!));
    dispatcher.push(megabytes(childPids(runtime.pid, "runtime dispatcher")[0]!));
    await runtime.stop();
  }
  return [
    medianOf("supervisor", "MB", supervisor, below(90)),
    medianOf("worker with 3 threads", "MB", worker, below(130)),
    medianOf("dispatcher", "MB", dispatcher),
  ];
}

const megabytes = (pid: number): number => residentBytes(pid) / 1e6;
