// queue list, pause, resume and clear.

import { describeSettings } from "../../config/words/describe-settings.ts";
import { type QueueRow, queueRow, settingsOf } from "../../control/rows.ts";
import { exitCodes } from "../../process/exit-codes.ts";
import { withStore } from "../data/open.ts";
import type { Invocation } from "../line/command.ts";
import { UsageError } from "../line/errors.ts";
import { type Column, table } from "../terminal/table.ts";
import { quoted, visible } from "../terminal/text.ts";
import { period } from "../terminal/times.ts";

export async function list(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const config = await invocation.config();
  const queues = (await withStore(config, (store) => store.queues.list())).map(queueRow);
  if (json) output.json(queues);
  else if (queues.length === 0) output.say("no queue has work, settings or a pause");
  else output.result(table(queues, queueColumns, output.stdout));
  return exitCodes.ok;
}

export async function pause(invocation: Invocation): Promise<number> {
  const name = queueName(invocation);
  await withStore(await invocation.config(), (store) => store.queues.pause(name));
  return report(invocation, { name, paused: true }, `${name} paused`);
}

export async function resume(invocation: Invocation): Promise<number> {
  const name = queueName(invocation);
  await withStore(await invocation.config(), (store) => store.queues.resume(name));
  return report(invocation, { name, paused: false }, `${name} resumed`);
}

export async function clear(invocation: Invocation): Promise<number> {
  const name = queueName(invocation);
  const all = invocation.flag("all");
  const config = await invocation.config();
  const cleared = await withStore(config, (store) => store.queues.clear(name, { all }));
  const jobs = cleared === 1 ? "1 job" : `${cleared} jobs`;
  return report(invocation, { name, cleared }, `${jobs} deleted from ${name}`);
}

export const queueColumns: readonly Column<QueueRow>[] = [
  { title: "QUEUE", value: ({ name }) => name, shrinkTo: 12 },
  {
    title: "STATE",
    value: ({ paused }) => (paused ? "paused" : "open"),
    style: ({ paused }) => (paused ? "yellow" : "dim"),
  },
  { title: "READY", value: ({ ready }) => ready },
  { title: "WAITING", value: ({ waiting }) => waiting },
  { title: "BLOCKED", value: ({ blocked }) => blocked },
  { title: "RUNNING", value: ({ running }) => running },
  { title: "OLDEST WAITS", value: (row) => (row.ready > 0 ? period(row.latency_ms) : "") },
  {
    title: "LIMITS",
    value: ({ settings }) => (settings === null ? "" : describeSettings(settingsOf(settings))),
    shrinkTo: 10,
  },
];

/** Each command acts on one queue; a pattern would be taken for the name of one. */
export function queueName({ words }: Pick<Invocation, "words">): string {
  const [name = ""] = words;
  if (/^[^*\p{Cc}]{1,200}$/u.test(name)) return name;
  throw new UsageError(`${quoted(name)} is not the name of a queue; name exactly one`);
}

/** A file wins at the next start: who types at night should not find out in the morning. */
export function sayUndone({ configFile, output }: Invocation, written: string): void {
  output.say(
    visible(`${configFile} says ${written}, which holds again after the next start or reload`),
  );
}

export function report({ json, output }: Invocation, answer: object, sentence: string): number {
  if (json) output.json(answer);
  else output.result(visible(sentence));
  return exitCodes.ok;
}
