// Budget row "kill -9 of a worker to its job running again". A sole worker has to be started anew
// first; where others are free, one of them takes the job.

import { openQueue } from "queue-runtime";
import { monotonic, type RuntimeProcess } from "../../support/runtime-process.ts";
import { untilMarked } from "../harness/marks.ts";
import type { Bench, Measurement } from "../harness/measurement.ts";
import { Project } from "../harness/project.ts";
import { below, type Figure, percentileOf } from "../report/figures.ts";

export const kill: Measurement = {
  name: "kill",
  title: "kill -9 of a worker to its job running again",
  limitMs: 180_000,
  run,
};

async function run(bench: Bench): Promise<readonly Figure[]> {
  const sole: number[] = [];
  for (let start = 0; start < bench.many(25, 2); start += 1) {
    sole.push(...(await killWorkers(bench, { threads: 1 }, 2)));
  }
  const others: number[] = [];
  for (let start = 0; start < bench.many(6); start += 1) {
    others.push(...(await killWorkers(bench, { threads: 1, processes: 3 }, 9)));
  }
  const budget = below(1_000);
  return [
    percentileOf({ what: "the only worker, p50", budget }, sole, 50),
    percentileOf({ what: "the only worker, p99", budget }, sole, 99),
    percentileOf({ what: "others are idle, p50", budget }, others, 50),
    percentileOf({ what: "others are idle, p99", budget }, others, 99),
  ];
}

/**
 * From each kill to the next start of the job, in milliseconds. Few kills per runtime: workers that
 * die young again and again come back slower and slower, on purpose. The next one dies when all are
 * there again.
 */
async function killWorkers(bench: Bench, worker: object, kills: number): Promise<number[]> {
  await using project = await Project.create(bench, {
    workers: [{ name: "bench", ...worker }],
    // only then the log says when each child is ready
    log: { level: "debug" },
  });
  const runtime = await project.start().ready();
  const file = `${project.folder}/marks`;
  await using queue = await openQueue(project.url, { migrate: false });
  await queue.enqueue({ name: "hold" }, { file });
  const children = runtime.events("child-ready").length;
  const samples: number[] = [];
  for (let times = 1; times <= kills; times += 1) {
    samples.push(await killHolder(runtime, file, times));
    const all = children + times;
    await runtime.until(() => runtime.events("child-ready").length >= all, {
      deadlineMs: 20_000,
      what: "the replacement of a killed worker",
    });
  }
  await end(runtime);
  return samples;
}

async function killHolder(runtime: RuntimeProcess, file: string, times: number): Promise<number> {
  const holder = (await untilMarked(runtime, file, { word: "saved", times })).at(-1)!;
  const killed = monotonic();
  process.kill(holder.pid, "SIGKILL");
  const again = (await untilMarked(runtime, file, { word: "started", times: times + 1 })).at(-1)!;
  return again.at - killed;
}

async function end(runtime: RuntimeProcess): Promise<void> {
  const { code } = await runtime.stop();
  if (code !== 0) throw new Error(runtime.transcript());
}
