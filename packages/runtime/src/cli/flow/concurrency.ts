// concurrency list, limit and reset: how many jobs of a name a key may have at once, whatever the
// code of the job says.

import { bounds } from "../../config/defaults.ts";
import { exitCodes } from "../../process/exit-codes.ts";
import { withStore } from "../data/open.ts";
import type { Invocation } from "../line/command.ts";
import { UsageError } from "../line/errors.ts";
import { table } from "../terminal/table.ts";
import { quoted } from "../terminal/text.ts";
import { report } from "./queue.ts";

export async function list(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const limits = await withStore(await invocation.config(), (store) => store.flow.limits());
  const rows = Object.entries(limits)
    .map(([name, limit]) => ({ name, limit }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (json) output.json(rows);
  else if (rows.length === 0) output.say("no limits are set; those in the code of jobs hold");
  else output.result(table(rows, columns, output.stdout));
  return exitCodes.ok;
}

export async function limit(invocation: Invocation): Promise<number> {
  const [name = "", text = ""] = invocation.words;
  const [least, most] = bounds.slots;
  const slots = Number(text);
  if (!/^\d+$/.test(text) || slots < least || slots > most) {
    throw new UsageError(`${quoted(text)} is not a limit; give a number from ${least} to ${most}`);
  }
  await withStore(await invocation.config(), (store) => store.flow.limit(jobName(name), slots));
  return report(invocation, { name, limit: slots }, `${name}: at most ${slots} of a key at once`);
}

export async function reset(invocation: Invocation): Promise<number> {
  const name = jobName(invocation.words[0] ?? "");
  await withStore(await invocation.config(), (store) => store.flow.limit(name, null));
  return report(invocation, { name, limit: null }, `${name}: as its code says`);
}

const columns = [
  { title: "JOB", value: ({ name }: Row) => name, shrinkTo: 16 },
  { title: "LIMIT", value: (row: Row) => row.limit },
];

interface Row {
  readonly name: string;
  readonly limit: number;
}

/** @throws UsageError */
function jobName(name: string): string {
  if (/^[^\p{Cc}]{1,200}$/u.test(name) && !/^\d+$/.test(name)) return name;
  throw new UsageError(`${quoted(name)} is not the name of a job, such as invoice.send`);
}
