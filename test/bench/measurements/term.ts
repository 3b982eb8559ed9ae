// Budget row "TERM to `stopping` visible in a spinning job": from the signal to the supervisor to
// the moment the job sees it, while jobs that never yield keep every core busy.

import { openQueue } from "queue-runtime";
import { monotonic } from "../../support/runtime-process.ts";
import { readMarks, untilMarked } from "../harness/marks.ts";
import type { Bench, Measurement } from "../harness/measurement.ts";
import { Project } from "../harness/project.ts";
import { below, type Figure, percentileOf } from "../report/figures.ts";

export const term: Measurement = {
  name: "term",
  title: "TERM to the supervisor to `stopping` seen by spinning jobs, two threads",
  limitMs: 90_000,
  run,
};

const threads = 2;

async function run(bench: Bench): Promise<readonly Figure[]> {
  const seen: number[] = [];
  const exits: number[] = [];
  for (let start = 0; start < bench.many(25, 2); start += 1) {
    await using project = await Project.create(bench, { workers: [{ name: "bench", threads }] });
    const runtime = await project.start().ready();
    const file = `${project.folder}/marks`;
    await using queue = await openQueue(project.url, { migrate: false });
    for (let job = 0; job < threads; job += 1) await queue.enqueue({ name: "spin" }, { file });
    await untilMarked(runtime, file, { word: "started", times: threads });
    const sent = monotonic();
    const { code, at } = await runtime.stop();
    if (code !== 0) throw new Error(runtime.transcript());
    seen.push(...readMarks(file, "stopping").map((mark) => mark.at - sent));
    exits.push(at - sent);
  }
  return [
    percentileOf({ what: "p50" }, seen, 50),
    percentileOf({ what: "p99", budget: below(50) }, seen, 99),
    percentileOf({ what: "to the exit of the runtime, p50" }, exits, 50),
  ];
}
