// One key with a limit of 1 and 10,000 jobs that want it: each has to wait for the end of the one
// before. Nobody is told when it is allowed to begin, so the gap between two is what a limit adds.

import {
  bullmqPostgres,
  bullmqRedis,
  bullmqRedisDurable,
  graphile,
  graphileBatched,
  pgBossTuned,
} from "../../contenders.ts";
import { ofEach, type Ran, ranAtOurs, ranAtPeer } from "../../harness/flow.ts";
import {
  type Attempts,
  type Bench,
  inRoundsWhoever,
  type Measurement,
} from "../../harness/measurement.ts";
import { gapsOf, mostAtOnce, speedOf } from "../../harness/spans.ts";
import { link } from "../../jobs/flow-jobs.ts";
import { against, lines, us } from "../../report/compare.ts";
import { atMost, type Figure, medianOf, percentileOf } from "../../report/figures.ts";

export const chain: Measurement = {
  name: "flow/chain",
  title: "A chain: 10,000 jobs on one key with a limit of 1",
  limitMs: 600_000,
  run,
};

const peers = [
  graphile,
  graphileBatched,
  pgBossTuned,
  bullmqRedis,
  bullmqRedisDurable,
  bullmqPostgres,
];

const handedOver = `${us}, 2 processes`;

async function run(bench: Bench): Promise<readonly Figure[]> {
  const jobs = bench.many(10_000, 1_000);
  const work = { jobs, processes: 1, forMs: bench.many(5_000, 3_000) };
  const theirs = bench.store === "postgres" ? peers : [];
  const ours = (processes: number) => () => ranAtOurs(bench, { job: link, count: jobs }, processes);
  const contest = await inRoundsWhoever<Ran>(bench.many(3), {
    [us]: ours(1),
    [handedOver]: ours(2),
    ...Object.fromEntries(
      theirs.map((peer) => [
        peer.label,
        () => ranAtPeer(bench, { ...peer, discipline: "chain" }, work),
      ]),
    ),
  });
  const speeds = ofEach(contest, ({ spans }) => speedOf(spans));
  return [
    ...lines(speeds, "/s"),
    ...theirs.map(({ label }) => against(speeds, label, { unit: "x" })),
    ...Object.entries(contest).flatMap(([name, attempts]) => gapFigures(name, attempts)),
    ...Object.entries(contest).flatMap(([name, attempts]) => overlap(name, attempts)),
  ];
}

function gapFigures(name: string, { rounds, missing }: Attempts<Ran>): Figure[] {
  if (missing !== null) return [];
  const gaps = rounds.flatMap(({ spans }) => gapsOf(spans));
  if (gaps.length === 0) return [{ what: `end to next start: ${name}`, missing: "one job ran" }];
  return [50, 99].map((percent) =>
    percentileOf({ what: `end to next start, p${percent}: ${name}` }, gaps, percent),
  );
}

function overlap(name: string, { rounds, missing }: Attempts<Ran>): Figure[] {
  if (missing !== null) return [];
  const most = rounds.map(({ spans }) => mostAtOnce(spans));
  return [medianOf(`most at once: ${name}`, "jobs", [Math.max(...most)], atMost(1))];
}
