// concurrency list, limit and reset: how many jobs of a name a key may have at once, whatever the
// code of the job says.

import type { Store } from "@queue-runtime/store";
import { bounds } from "../../config/defaults.ts";
import { suggest } from "../../config/suggest.ts";
import type { Config } from "../../config.ts";
import { exitCodes } from "../../process/exit-codes.ts";
import { withStore } from "../data/open.ts";
import type { Invocation } from "../line/command.ts";
import { UsageError } from "../line/errors.ts";
import { table } from "../terminal/table.ts";
import { quoted } from "../terminal/text.ts";
import { report, sayUndone } from "./queue.ts";

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
  jobName(name);
  const config = await invocation.config();
  const stranger = await withStore(config, async (store) => {
    await store.flow.limit(name, slots);
    return await strangerAmong(store, name);
  });
  const code = report(
    invocation,
    { name, limit: slots },
    `${name}: at most ${slots} of a key at once`,
  );
  if (stranger !== null) invocation.output.say(stranger);
  sayWritten(invocation, config, { name, slots });
  return code;
}

export async function reset(invocation: Invocation): Promise<number> {
  const name = jobName(invocation.words[0] ?? "");
  const config = await invocation.config();
  const wasSet = await withStore(config, async (store) => {
    const limits = await store.flow.limits();
    await store.flow.limit(name, null);
    return Object.hasOwn(limits, name);
  });
  const code = report(invocation, { name, limit: null }, `${name}: as its code says`);
  if (!wasSet) invocation.output.say(`no limit was set for ${quoted(name)}: nothing has changed`);
  sayWritten(invocation, config, { name, slots: null });
  return code;
}

function sayWritten(
  invocation: Invocation,
  { concurrency: { limits } }: Config,
  now: { readonly name: string; readonly slots: number | null },
): void {
  const written = Object.hasOwn(limits, now.name) ? limits[now.name] : now.slots;
  if (written !== now.slots) sayUndone(invocation, String(written));
}

/** It may come with the next deploy; or it is a slip of the pen, at the worst moment for one. */
async function strangerAmong(store: Store, name: string): Promise<string | null> {
  const known = (await store.processes.list()).flatMap(({ names }) => names);
  if (known.includes(name) || (await store.jobs.list({ name, limit: 1 })).length > 0) return null;
  const names = [...new Set(known)];
  const hint = names.length > 0 ? ` (${suggest(name, names)})` : "";
  return `no worker that runs and no stored job has the name ${quoted(name)}${hint}`;
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
