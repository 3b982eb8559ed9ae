// What a job costs the database, from its enqueueing in bulk to its end: figures that do not depend
// on the machine.

import {
  bareOne,
  bullmqPostgres,
  type Entry,
  graphile,
  graphileBatched,
  pgBossTuned,
  sidequest,
} from "../../contenders.ts";
import { Run } from "../../harness/contest.ts";
import { loop, quiet } from "../../harness/drain.ts";
import { type Bench, type Measurement, missingOr } from "../../harness/measurement.ts";
import { fill } from "../../harness/payload.ts";
import { Project } from "../../harness/project.ts";
import { us } from "../../report/compare.ts";
import { type Figure, medianOf, type Unit } from "../../report/figures.ts";
import { type Counts, readCounts, untilCounted } from "../../servers/statistics.ts";

export const cost: Measurement = {
  name: "cost",
  title: "What a job costs PostgreSQL, enqueued in bulk, one process, 20 at once",
  limitMs: 120_000,
  run,
};

const peers = [bareOne, graphileBatched, graphile, pgBossTuned, bullmqPostgres, sidequest];

const wordings: readonly (readonly [keyof Counts, string, Unit])[] = [
  ["commits", "commits per job", ""],
  ["statements", "statements per job", ""],
  ["walBytes", "WAL per job", "B"],
  ["deadRows", "dead row versions per job", ""],
];

async function run(bench: Bench): Promise<readonly Figure[]> {
  await bench.postgres({ statements: true });
  const jobs = bench.many(20_000, 2_000);
  const costs = new Map([[us, await missingOr(() => ours(bench, jobs))]]);
  for (const entry of peers) {
    const count = Math.min(jobs, bench.many(entry.drain, 500));
    costs.set(entry.label, await missingOr(() => theirs(bench, entry, count)));
  }
  return wordings.flatMap(([key, wording, unit]) =>
    [...costs].map(([name, counted]): Figure => {
      const what = `${wording}: ${name}`;
      if (typeof counted === "string") return { what, missing: counted };
      const figure = medianOf(what, unit, [counted[key]]);
      if (key !== "statements") return figure;
      return { ...figure, bar: { panel: "Statements per job", contender: name } };
    }),
  );
}

async function ours(bench: Bench, jobs: number): Promise<Counts> {
  const workers = [{ name: "bench", ...loop }];
  await using project = await Project.create(bench, { workers, log: quiet });
  // migrated, so that only jobs are counted
  await fill(project.url, "noop", 0);
  return await perJob(project.url, jobs, async () => {
    await fill(project.url, "noop", jobs);
    await project.start("--until-empty").ended(60_000);
  });
}

async function theirs(bench: Bench, entry: Entry, jobs: number): Promise<Counts> {
  await using run = await Run.start(bench, entry);
  return await perJob(run.url, jobs, async () => {
    await run.client.tell({ do: "fill", jobs });
    await run.drain({ jobs, processes: 1 });
    await run.endProcesses();
  });
}

async function perJob(url: string, jobs: number, work: () => Promise<void>): Promise<Counts> {
  const before = await readCounts(url);
  await work();
  await untilCounted(url);
  const after = await readCounts(url);
  const each = (key: keyof Counts): number => (after[key] - before[key]) / jobs;
  return {
    commits: each("commits"),
    walBytes: each("walBytes"),
    deadRows: each("deadRows"),
    statements: each("statements"),
  };
}
