// Unique keys: never two living jobs of one key, by the tables and by what clients and jobs saw; and
// nobody is turned away for the sake of a job that is dead.

import { clockSlackMs, type FlowEvidence, type JobStory } from "../evidence.ts";
import { inForce, type Runs } from "./runs.ts";

/** A time in which a job was certainly alive. */
interface Life {
  readonly id: number;
  readonly from: number;
  readonly to: number;
}

export function rivals(evidence: FlowEvidence, runs: Runs): string[] {
  const { jobs, asked, stampMs } = evidence;
  const created = asked.filter(({ outcome }) => outcome === "created");
  const knownSince = new Map(created.map(({ id, until }) => [id, until]));
  const keys = new Map<string, JobStory[]>();
  for (const job of jobs) {
    const { uniqueKey } = job.wants;
    if (uniqueKey !== null) keys.set(uniqueKey, [...(keys.get(uniqueKey) ?? []), job]);
  }
  const found = [...keys].flatMap(([key, all]) => {
    const seen = all.flatMap((job) => lifeSeen(job, runs, knownSince) ?? []);
    const stamped = all.map((job) => lifeStamped(job, stampMs));
    const pairs = [...overlaps(seen, "were seen"), ...overlaps(stamped, "are stamped as")];
    return pairs.map((pair) => `${pair} alive at once, and the key ${key} is of one only`);
  });
  return [...found, ...wrongAnswers(evidence)];
}

/** All by the store's own clock, so there is no translation to be forgiven. */
function lifeStamped({ id, createdAt, finishedAt }: JobStory, stampMs: number): Life {
  return { id, from: createdAt + stampMs, to: finishedAt ?? Number.POSITIVE_INFINITY };
}

/** From the answer to its client, or its first word, to its last: no clock can blur that. */
function lifeSeen(
  { id }: JobStory,
  runs: Runs,
  knownSince: ReadonlyMap<number, number>,
): Life | null {
  const spans = inForce(runs.get(id) ?? []);
  if (spans.length === 0) return null;
  const from = Math.min(spans[0]!.from, knownSince.get(id) ?? Number.POSITIVE_INFINITY);
  return { id, from, to: Math.max(...spans.map(({ to }) => to)) };
}

function overlaps(lives: readonly Life[], how: string): string[] {
  const inOrder = lives.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from);
  return inOrder
    .slice(1)
    .flatMap((next, index) =>
      inOrder[index]!.to > next.from ? `jobs ${inOrder[index]!.id} and ${next.id} ${how}` : [],
    );
}

/** Whoever was told that a key is taken was told of a job that has it, and that lived then. */
function wrongAnswers({ asked, jobs, stampMs }: FlowEvidence): string[] {
  const rows = new Map(jobs.map((job) => [job.id, job]));
  return asked.flatMap(({ key, id, outcome, from }) => {
    const job = rows.get(id);
    if (!job) return `the key ${key} was said to be of job ${id}, which is nowhere`;
    if (job.wants.uniqueKey !== key) return `the key ${key} was said to be of job ${id}: it is not`;
    const deadSince = (job.finishedAt ?? Number.POSITIVE_INFINITY) + clockSlackMs + stampMs;
    return outcome !== "created" && deadSince < from
      ? `job ${id} was said to have the key ${key} after its end`
      : [];
  });
}
