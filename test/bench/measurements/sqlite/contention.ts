// Budget row "4 worker processes on one SQLite file, saturated". The waits are those of whole
// turns, from asking to having, measured in four processes that use the store directly; the shares
// also with four real worker processes.

import { openStore } from "@queue-runtime/store";
import type { Bench, Measurement } from "../../harness/measurement.ts";
import { fill } from "../../harness/payload.ts";
import { hear, startProgram } from "../../harness/program.ts";
import { Project } from "../../harness/project.ts";
import type { Turns } from "../../programs/store-turns.ts";
import { below, type Figure, medianOf, percentileOf } from "../../report/figures.ts";

export const contention: Measurement = {
  name: "contention",
  title: "Four worker processes on one file, saturated",
  limitMs: 90_000,
  run,
};

const processes = 4;

async function run(bench: Bench): Promise<readonly Figure[]> {
  const forMs = bench.many(8_000, 1_000);
  const figures: Figure[] = [];
  for (const batch of [10, 100]) {
    const turns = await contend(bench, batch, forMs);
    const waits = turns.flatMap((each) => [...each.waits]);
    const label = `turns of ${batch}`;
    figures.push(
      percentileOf({ what: `${label}, p50` }, waits, 50),
      percentileOf({ what: `${label}, p99`, budget: below(20) }, waits, 99),
      percentileOf({ what: `${label}, worst`, budget: below(150) }, waits, 100),
      medianOf(`${label}, busiest / idlest`, "x", [spreadOf(turns.map(jobsOf))], below(1.5)),
      medianOf(`${label}, all four`, "/s", [
        sum(turns.map((each) => each.jobs / (each.ms / 1_000))),
      ]),
    );
  }
  const shares = await sharesOfWorkers(bench);
  figures.push(medianOf("4 real workers, busiest / idlest", "x", [spreadOf(shares)], below(1.5)));
  return figures;
}

const jobsOf = ({ jobs }: Turns): number => jobs;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value);
const spreadOf = (values: readonly number[]): number => Math.max(...values) / Math.min(...values);

async function contend(bench: Bench, batch: number, forMs: number): Promise<readonly Turns[]> {
  const url = `sqlite:${bench.folder()}/queue.sqlite`;
  // more than four processes can take in the time: nobody must find it empty
  const ready = forMs * 250;
  await fill(url, "noop", ready);
  const programs = Array.from({ length: processes }, () =>
    startProgram("store-turns", { url, batch }),
  );
  await Promise.all(programs.map((program) => hear(program)));
  const answers = programs.map((program) => hear<Turns>(program));
  for (const program of programs) program.send({ forMs });
  const turns = await Promise.all(answers);
  const store = await openStore(url);
  const left = (await store.jobs.count()).ready;
  await store.close();
  if (left === 0) throw new Error(`${ready} jobs were too few to keep four processes busy`);
  return turns;
}

/** Jobs per worker of a real runtime, counted while all of its workers were at work. */
async function sharesOfWorkers(bench: Bench): Promise<readonly number[]> {
  const worker = { name: "bench", processes, threads: 0, concurrency: 20 };
  await using project = await Project.create(bench, { workers: [worker], log: { level: "warn" } });
  await fill(project.url, "whose", bench.many(200_000, 20_000));
  await project.start("--until-empty").ended(60_000);
  const rows = await project.rows<{ jobs: number }>(
    `WITH lives AS (
       SELECT min(started_at) AS first, max(finished_at) AS last FROM jobs GROUP BY result)
     SELECT count(*) AS jobs FROM jobs
     WHERE started_at >= (SELECT max(first) FROM lives)
       AND finished_at <= (SELECT min(last) FROM lives) GROUP BY result`,
  );
  if (rows.length !== processes) throw new Error(`${rows.length} of ${processes} workers worked`);
  return rows.map(({ jobs }) => jobs);
}
