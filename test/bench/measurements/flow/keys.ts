// 1,000 keys with a limit of 1 and 20,000 jobs among them, over several worker processes: what a
// limit costs where it hardly ever binds, and whether it holds between processes.

import { keyCount } from "../../contenders/contender.ts";
import { graphile, graphileBatched, pgBossTuned } from "../../contenders.ts";
import { ofEach, type Ran, ranAtOurs, ranAtPeer } from "../../harness/flow.ts";
import {
  type Attempts,
  type Bench,
  inRoundsWhoever,
  type Measurement,
} from "../../harness/measurement.ts";
import { mostAtOnce, speedOf } from "../../harness/spans.ts";
import { keyed } from "../../jobs/flow-jobs.ts";
import { against, lines, us } from "../../report/compare.ts";
import { atMost, type Figure, medianOf } from "../../report/figures.ts";

export const keys: Measurement = {
  name: "flow/keys",
  title: "1,000 keys with a limit of 1, 20,000 jobs, 4 worker processes",
  limitMs: 400_000,
  run,
};

const processes = 4;
const peers = [graphile, graphileBatched, pgBossTuned];

async function run(bench: Bench): Promise<readonly Figure[]> {
  const jobs = bench.many(20_000, 4_000);
  const work = { jobs, processes, forMs: bench.many(5_000, 3_000) };
  const theirs = bench.store === "postgres" ? peers : [];
  const contest = await inRoundsWhoever<Ran>(bench.many(3), {
    [us]: () => ranAtOurs(bench, { job: keyed, count: jobs }, processes),
    ...Object.fromEntries(
      theirs.map((peer) => [
        peer.label,
        () => ranAtPeer(bench, { ...peer, discipline: "keys" }, work),
      ]),
    ),
  });
  const speeds = ofEach(contest, ({ spans }) => speedOf(spans));
  const bullmq = { what: "BullMQ", missing: "keys are the groups of its paid edition" };
  return [
    ...lines(speeds, "/s"),
    ...(theirs.length > 0 ? [bullmq] : []),
    ...theirs.map(({ label }) => against(speeds, label, { unit: "x" })),
    ...Object.entries(contest).flatMap(([name, attempts]) => overlap(name, attempts)),
  ];
}

function overlap(name: string, { rounds, missing }: Attempts<Ran>): Figure[] {
  if (missing !== null) return [];
  const keyOf = (number: number): number => number % keyCount;
  const most = rounds.map(({ spans }) => mostAtOnce(spans, keyOf));
  return [medianOf(`most of a key at once: ${name}`, "jobs", [Math.max(...most)], atMost(1))];
}
