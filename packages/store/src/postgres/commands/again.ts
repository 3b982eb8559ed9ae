// Commands that have ended, once more as new jobs: the same line, environment, group, priority and
// label, and nothing that they came after.

import { answerRestart } from "../../rules/commands/answers.ts";
import { checkChanges } from "../../rules/commands/changes.ts";
import {
  type PreparedCommand,
  type PreparedEnvironment,
  prepareEnvironment,
} from "../../rules/commands/new-command.ts";
import type { PreparedJob } from "../../rules/new-job.ts";
import { commandName } from "../../store/command.ts";
import type { CommandChanges, Commands } from "../../store/commands.ts";
import type { Run } from "../driver.ts";
import { enqueueCommands, largest } from "../flow/enqueue.ts";
import { type Acting, each, type Known, rounds } from "./each.ts";
import { heard, idsOf } from "./let-go.ts";

const originals = `SELECT job.queue, job.priority, job.label, line, argv, directory, separate, slots,
  retry_limit, timeout_ms, environment_id
FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, number)
  CROSS JOIN LATERAL (SELECT * FROM queue_runtime.commands WHERE job_id = wanted.id) AS command
  CROSS JOIN LATERAL (SELECT queue, priority, label FROM queue_runtime.ended_jobs
    WHERE id = wanted.id) AS job
ORDER BY wanted.number`;
const environments = `SELECT id, variables FROM queue_runtime.environments
  WHERE id = ANY ($1::bigint[])`;

type OriginalRow = [
  queue: string,
  priority: number,
  label: string | null,
  line: string,
  argv: readonly string[] | null,
  directory: string,
  separate: boolean,
  slots: number,
  retryLimit: number,
  timeoutMs: number | null,
  environmentId: number,
];

type Options = Parameters<Commands["again"]>[1];
type Copied = Awaited<ReturnType<Commands["again"]>>[number];

/** An id that is asked for twice has two copies: each comes by a round of its own. */
export async function again(
  acting: Acting,
  ids: readonly number[],
  { held, changes }: Options,
): Promise<readonly Copied[]> {
  const how = { held, changes: checkChanges(changes) };
  const answers = new Map<number, Copied>();
  for (const places of rounds(ids)) {
    // a transaction may be tried several times: the last one counts
    const made = new Map<number, number>();
    const act = async (run: Run, known: readonly Known[]): Promise<undefined> => {
      const copies = await copiesOf(run, known, how);
      for (const [n, id] of (await enqueueAll(run, copies)).entries()) made.set(known[n]!.id, id);
    };
    const wanted = places.map((place) => ids[place]!);
    const done = heard(acting, await each(acting, wanted, { answer: answerRestart, act }));
    for (const [n, place] of places.entries()) {
      const newId = done[n]!.outcome === "done" ? made.get(wanted[n]!)! : null;
      answers.set(place, { ...done[n]!, newId });
    }
  }
  return ids.map((_, place) => answers.get(place)!);
}

/** Answers their ids. */
async function enqueueAll(run: Run, jobs: readonly PreparedJob[]): Promise<readonly number[]> {
  const ids: number[] = [];
  for (let at = 0; at < jobs.length; at += largest) {
    const [text, values = []] = enqueueCommands(jobs.slice(at, at + largest));
    ids.push(...((await run(text, values)).rows as [number][]).map(([id]) => id));
  }
  return ids;
}

interface How {
  readonly held: boolean;
  readonly changes: ReadonlyMap<number, CommandChanges>;
}

async function copiesOf(
  run: Run,
  known: readonly Known[],
  { held, changes }: How,
): Promise<readonly PreparedJob[]> {
  const { rows } = await run(originals, [idsOf(known)]);
  const wanted = [...new Set(known.map(({ environmentId }) => environmentId))];
  const answer = await run(environments, [wanted]);
  const prepared = new Map(
    (answer.rows as [number, Record<string, string>][]).map(([id, variables]) => [
      id,
      prepareEnvironment(variables),
    ]),
  );
  return (rows as OriginalRow[]).map((row, n) => {
    const environment = prepared.get(row[10])!;
    return copyOf(row, environment, { held, ...changes.get(known[n]!.id) });
  });
}

function copyOf(
  row: OriginalRow,
  environment: PreparedEnvironment,
  { held, line, directory, ...ofJob }: CommandChanges & { readonly held: boolean },
): PreparedJob {
  const [queue, priority, label, oldLine, argv, oldDirectory, separate, slots, retryLimit] = row;
  const command: PreparedCommand = {
    line: line ?? oldLine,
    argv: line === undefined && argv !== null ? JSON.stringify(argv) : null,
    directory: directory ?? oldDirectory,
    ...{ environment, separate, slots, retryLimit, timeoutMs: row[9] },
  };
  return {
    ...{ name: commandName, kind: "command", queue, args: null, priority, label, at: null },
    ...{ inMs: 0, held, gates: [], uniques: [], after: [], ifDependencyFails: "fail" },
    ...{ keyed: false, batchId: null },
    ...ofJob,
    command,
  };
}
