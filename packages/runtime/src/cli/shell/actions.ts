// What people do to commands, one call of the desk each: which ones are meant is the same for all.

import type { Answer, Desk, Selection } from "../../control/desk.ts";
import { withDesk } from "../data/desk.ts";
import type { Invocation } from "../line/command.ts";
import { readCommandIds } from "./given/ids.ts";
import { readLater } from "./given/moment.ts";
import { inWords, readSelection } from "./given/selection.ts";
import { readSignal } from "./given/signal.ts";
import { advise, reportAnswers, reportRemoved } from "./told/answers.ts";

type Act = (desk: Desk, selection: Selection) => Promise<readonly Answer[]>;

const goesOn = "goes on; nothing was paused there";

export function start(invocation: Invocation): Promise<number> {
  return act(invocation, goesOn, (desk, selection) => desk.start(selection));
}

export async function pause(invocation: Invocation): Promise<number> {
  const wait = invocation.flag("wait");
  const what = wait ? "is paused; what runs there goes on" : "is paused; nothing ran there";
  const code = await act(invocation, what, (desk, selection) => desk.pause(selection, { wait }));
  const { group, all, ids } = readSelection(invocation);
  const which = all ? "--all" : ids ? ids.join(" ") : `--group ${group ?? "default"}`;
  advise(invocation, `\`runtime resume ${which}\` lets them go on`);
  return code;
}

export function resume(invocation: Invocation): Promise<number> {
  return act(invocation, goesOn, (desk, selection) => desk.resume(selection));
}

export function kill(invocation: Invocation): Promise<number> {
  const typed = invocation.text("signal");
  const options = typed === undefined ? {} : { signal: readSignal(typed) };
  return act(invocation, "has nothing that runs", async (desk, selection) => {
    const answers = await desk.kill(selection, options);
    if (selection.ids === undefined) await tellOfPauses(invocation, desk, selection);
    return answers;
  });
}

/** A group in which something waits is paused by a kill: else the next ones would begin. */
async function tellOfPauses(invocation: Invocation, desk: Desk, selection: Selection) {
  const groups = (await desk.groups()).filter(({ paused }) => paused);
  const meant = groups.filter(
    ({ name }) => selection.all || name === (selection.group ?? "default"),
  );
  for (const { name } of meant) {
    const sentence = `the group ${name} is paused; \`runtime resume --group ${name}\` lets it go on`;
    if (!invocation.json) invocation.output.say(sentence);
  }
}

export function stash(invocation: Invocation): Promise<number> {
  const later = readLater("delay", invocation.text("delay"));
  return act(invocation, "has nothing that waits", (desk, selection) =>
    desk.stash(selection, later),
  );
}

export function enqueue(invocation: Invocation): Promise<number> {
  const later = readLater("delay", invocation.text("delay"));
  return act(invocation, "has nothing that is held", (desk, selection) =>
    desk.enqueue(selection, later),
  );
}

export function remove(invocation: Invocation): Promise<number> {
  const ids = readCommandIds(invocation.words);
  return run(invocation, "nothing to remove", (desk) => desk.remove(ids));
}

export function swap(invocation: Invocation): Promise<number> {
  const [one = 0, other = one] = readCommandIds(invocation.words);
  return run(invocation, "nothing to switch", (desk) => desk.swap(one, other));
}

export async function clean(invocation: Invocation): Promise<number> {
  const group = invocation.text("group");
  const successful_only = invocation.flag("successful-only");
  const options = { successful_only, ...(group !== undefined && { group }) };
  const answers = await withDesk(await invocation.config(), (desk) => desk.clean(options));
  return reportRemoved(invocation, answers, "nothing to clean: no command has ended");
}

/** `what` is said of a group in which no command was meant. */
function act(invocation: Invocation, what: string, how: Act): Promise<number> {
  const selection = readSelection(invocation);
  const nothing = `${inWords(selection)} ${what}`;
  return run(invocation, nothing, (desk) => how(desk, selection));
}

async function run(
  invocation: Invocation,
  nothing: string,
  how: (desk: Desk) => Promise<readonly Answer[]>,
): Promise<number> {
  const answers = await withDesk(await invocation.config(), how);
  return reportAnswers(invocation, answers, nothing);
}
