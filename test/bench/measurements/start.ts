// Budget row "`runtime start` to the first job running": from the spawn of the command line, which
// finds a store with one ready job, to the first line of that job.

import { openQueue } from "queue-runtime";
import { monotonic } from "../../support/runtime-process.ts";
import { untilMarked } from "../harness/marks.ts";
import type { Bench, Measurement } from "../harness/measurement.ts";
import { Project } from "../harness/project.ts";
import { below, type Figure, percentileOf } from "../report/figures.ts";

export const start: Measurement = {
  name: "start",
  title: "`runtime start` to the first job running",
  limitMs: 60_000,
  run,
};

async function run(bench: Bench): Promise<readonly Figure[]> {
  const rounds = bench.many(15, 3);
  const threads: number[] = [];
  const loop: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    threads.push(await startOnce(bench, { threads: 3 }));
    loop.push(await startOnce(bench, { threads: 0 }));
  }
  const budget = bench.store === "sqlite" ? below(700) : null;
  return [
    percentileOf({ what: "3 threads (the default), p50", budget }, threads, 50),
    percentileOf({ what: "3 threads, worst", budget }, threads, 100),
    percentileOf({ what: "on the main loop, p50", budget }, loop, 50),
  ];
}

async function startOnce(bench: Bench, worker: object): Promise<number> {
  await using project = await Project.create(bench, { workers: [{ name: "bench", ...worker }] });
  const file = `${project.folder}/marks`;
  await using queue = await openQueue(project.url);
  await queue.enqueue({ name: "started" }, { file });
  const began = monotonic();
  const runtime = project.start();
  const [mark] = await untilMarked(runtime, file, { word: "started", times: 1 });
  await runtime.ready();
  await runtime.stop();
  return mark!.at - began;
}
