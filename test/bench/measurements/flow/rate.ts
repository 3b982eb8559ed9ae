// A rate of 1,000 a second over two worker processes with more to do than that: how exact it is, as
// the most that began in any window of its length, and how much of what is allowed is used. By the
// store's clock a job begins when it is claimed, and there the rate is exact; the job's own first
// line comes a little later, now more and now less.

import type { Enqueueable } from "queue-runtime";
import { rate as allowed } from "../../contenders/contender.ts";
import { bullmqPostgres, bullmqRedis, bullmqRedisDurable } from "../../contenders.ts";
import { type Ran, ranAtOurs, ranAtPeer } from "../../harness/flow.ts";
import {
  type Attempts,
  type Bench,
  inRoundsWhoever,
  type Measurement,
} from "../../harness/measurement.ts";
import { mostWithin } from "../../harness/spans.ts";
import { even, metered } from "../../jobs/flow-jobs.ts";
import { us } from "../../report/compare.ts";
import { atMost, type Figure, medianOf } from "../../report/figures.ts";

export const rate: Measurement = {
  name: "flow/rate",
  title: "A rate of 1,000 a second, 2 worker processes, more to do than allowed",
  limitMs: 300_000,
  run,
};

const processes = 2;
const peers = [bullmqRedis, bullmqRedisDurable, bullmqPostgres];
const none = ["graphile-worker", "pg-boss"].map((what) => ({
  what,
  missing: "it has no limit for how often jobs begin",
}));

const evenly = `${us}, evenly (burst of a twentieth)`;
const evenWindowMs = allowed.perMs / 20;

async function run(bench: Bench): Promise<readonly Figure[]> {
  const seconds = bench.many(8, 3);
  const jobs = (seconds * 1_000 * allowed.limit) / allowed.perMs;
  const ours = (job: Enqueueable) => () => ranAtOurs(bench, { job, count: jobs }, processes);
  const work = { jobs, processes, forMs: (seconds + 2) * 1_000 };
  const theirs = bench.store === "postgres" ? peers : [];
  const contest = await inRoundsWhoever<Ran>(bench.many(2), {
    [us]: ours(metered),
    [evenly]: ours(even),
    ...Object.fromEntries(
      theirs.map((peer) => [
        peer.label,
        () => ranAtPeer(bench, { ...peer, discipline: "rate" }, work),
      ]),
    ),
  });
  return [
    ...Object.entries(contest).flatMap(([name, attempts]) => exactness(name, attempts)),
    ...Object.entries(contest).flatMap(([name, attempts]) => use(name, attempts, seconds - 1)),
    ...(theirs.length > 0 ? none : []),
  ];
}

function exactness(name: string, { rounds, missing }: Attempts<Ran>): Figure[] {
  if (missing !== null) return [{ what: name, missing }];
  const windowMs = name === evenly ? evenWindowMs : allowed.perMs;
  const limit = (allowed.limit * windowMs) / allowed.perMs;
  const most = (moments: (ran: Ran) => readonly number[]): number =>
    Math.max(...rounds.map((ran) => mostWithin(moments(ran), windowMs)));
  const began = most(({ spans }) => spans.map(([, from]) => from));
  const claimed = most(({ claimedAt }) => claimedAt);
  return [
    medianOf(`most begun in any ${windowMs} ms: ${name}`, "jobs", [began]),
    ...(claimed > 0
      ? [medianOf("the same by the clock of the store", "jobs", [claimed], atMost(limit))]
      : []),
  ];
}

/** Of what could have begun in the first seconds; there was more to do than that. */
function use(name: string, { rounds, missing }: Attempts<Ran>, seconds: number): Figure[] {
  if (missing !== null) return [];
  const percents = rounds.map(({ spans }) => {
    const moments = spans.map(([, from]) => from);
    const until = Math.min(...moments) + seconds * 1_000;
    const begun = moments.filter((moment) => moment < until).length;
    return (begun / ((seconds * 1_000 * allowed.limit) / allowed.perMs)) * 100;
  });
  return [medianOf(`used of the rate: ${name}`, "%", percents)];
}
