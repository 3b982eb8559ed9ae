// group and parallel: groups of commands and how many may run in each.

import type { GroupRow } from "../../control/desk.ts";
import { exitCodes } from "../../process/exit-codes.ts";
import { withDesk } from "../data/desk.ts";
import type { Invocation } from "../line/command.ts";
import { UsageError } from "../line/errors.ts";
import { readChoice, readInteger } from "../line/options.ts";
import { type Column, table } from "../terminal/table.ts";
import { quoted, visible } from "../terminal/text.ts";

export async function list(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const groups = await withDesk(await invocation.config(), (desk) => desk.groups());
  if (json) output.json(groups);
  else output.result(table(groups, columns, output.stdout));
  return exitCodes.ok;
}

const columns: readonly Column<GroupRow>[] = [
  { title: "GROUP", value: ({ name }) => name, shrinkTo: 12 },
  { title: "SLOTS", value: ({ slots }) => slotsText(slots) },
  {
    title: "STATE",
    value: ({ paused }) => (paused ? "paused" : "running"),
    style: ({ paused }) => (paused ? "yellow" : "green"),
  },
  { title: "RUNNING", value: ({ running }) => running },
  { title: "QUEUED", value: ({ queued }) => queued },
  {
    title: "HELD",
    value: ({ jobs }) => (jobs.held ?? 0) + (jobs.scheduled ?? 0),
  },
  { title: "DONE", value: ({ jobs }) => jobs.finished ?? 0 },
  {
    title: "FAILED",
    value: ({ jobs }) => jobs.failed ?? 0,
    style: ({ jobs }) => ((jobs.failed ?? 0) > 0 ? "red" : null),
  },
  { title: "ON FAILURE", value: (group) => (group.pause_on_failure ? "pause" : "") },
];

function slotsText(slots: number): string {
  return slots === 0 ? "no limit" : String(slots);
}

function inWords(slots: number): string {
  if (slots === 0) return "no limit";
  return slots === 1 ? "1 slot" : `${slots} slots`;
}

export async function add(invocation: Invocation): Promise<number> {
  const typed = slotsOf(invocation, "parallel");
  const same = slotsOf(invocation, "slots");
  if (typed !== undefined && same !== undefined) {
    throw new UsageError("give --parallel or --slots: they are the same");
  }
  const name = newNameOf(invocation);
  const slots = typed ?? same;
  const options = { ...(slots !== undefined && { slots }), ...pausesOf(invocation) };
  await withDesk(await invocation.config(), (desk) => desk.addGroup(name, options), {
    create: true,
  });
  const sentence = `added ${visible(name)}, with ${inWords(slots ?? 1)}`;
  return said(invocation, { name, outcome: "added" }, sentence);
}

export async function set(invocation: Invocation): Promise<number> {
  const name = nameOf(invocation);
  const slots = slotsOf(invocation, "slots");
  const options = { ...(slots !== undefined && { slots }), ...pausesOf(invocation) };
  if (Object.keys(options).length === 0) {
    throw new UsageError("say what to change: --slots or --pause-on-failure");
  }
  await withDesk(await invocation.config(), (desk) => desk.setGroup(name, options));
  return said(invocation, { name, outcome: "set" }, `set ${visible(name)}`);
}

export async function remove(invocation: Invocation): Promise<number> {
  const name = nameOf(invocation);
  await withDesk(await invocation.config(), (desk) => desk.removeGroup(name));
  return said(invocation, { name, outcome: "removed" }, `removed ${visible(name)}`);
}

/** Without a number it lists, as in Pueue. */
export async function parallel(invocation: Invocation): Promise<number> {
  const [typed] = invocation.words;
  if (typed === undefined) return await list(invocation);
  const slots = Number(typed);
  if (!/^\d+$/.test(typed) || slots > bounds.most) {
    const range = `a whole number of slots between 0 and ${bounds.most}`;
    throw new UsageError(`${quoted(typed)} is not ${range}; 0 is no limit`);
  }
  const name = invocation.text("group") ?? "default";
  await withDesk(await invocation.config(), (desk) => desk.setGroup(name, { slots }), {
    create: true,
  });
  const sentence = `${visible(name)} has ${inWords(slots)}`;
  return said(invocation, { name, outcome: "set" }, sentence);
}

const bounds = { least: 0, most: 1_000_000 };

function slotsOf(invocation: Invocation, option: "parallel" | "slots"): number | undefined {
  return readInteger(option, invocation.text(option), bounds);
}

function pausesOf(invocation: Invocation): { readonly pause_on_failure?: boolean } {
  const option = "pause-on-failure";
  const choice = readChoice(option, invocation.text(option), ["on", "off"]);
  return choice === undefined ? {} : { pause_on_failure: choice === "on" };
}

function nameOf({ words }: Invocation): string {
  const [name = ""] = words;
  if (name !== "" && name.trim() === name && !/[*\p{Cc}]/u.test(name)) return name;
  throw new UsageError(`${quoted(name)} is not the name of a group; write one like gpu`);
}

/** See `checkNewGroup` of the store. */
function newNameOf(invocation: Invocation): string {
  const name = nameOf(invocation);
  if (!/[\s,]/u.test(name)) return name;
  const sentence = `${quoted(name)} is not a name for a group: write one word like gpu`;
  throw new UsageError(`${sentence}, without spaces or commas`);
}

function said({ json, output }: Invocation, answer: object, sentence: string): number {
  if (json) output.json(answer);
  else output.result(sentence);
  return exitCodes.ok;
}
