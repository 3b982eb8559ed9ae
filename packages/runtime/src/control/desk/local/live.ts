// What people do to commands that run. The signals are sent before anything is waited for: the
// store is asked only where a group has to be found, and afterwards, to say why an id was refused.

import type { Answer, Selection, SendOptions } from "../../desk.ts";
import type { LiveAnswer, LiveCommands } from "../../live-commands.ts";
import { DeskError } from "../desk-error.ts";
import { ends, signalNamed } from "../signals.ts";
import { isLate, lateOnes, onceStarted } from "./late.ts";
import { explain, type Verb } from "./live/not-running.ts";
import { inParts } from "./parts.ts";
import { inOrder, named, nameOf, type Reach } from "./reach.ts";
import { type Chosen, choose, findIds } from "./selection.ts";
import { startNow } from "./start-now.ts";

export async function kill(
  reach: Reach,
  selection: Selection,
  options: { readonly signal?: string },
): Promise<readonly Answer[]> {
  const signal = options.signal === undefined ? null : signalNamed(options.signal);
  const chosen = await choose(reach, selection);
  if (signal === null || ends(signal)) await pauseWaiting(reach, chosen);
  if (signal !== null) {
    const sent = await actOn(reach, chosen, {
      verb: "kill",
      outcome: "signalled",
      deed: (live, ids) => live.signal(ids, signal),
    });
    return sent.map(refuseAway);
  }
  const overs: Promise<void>[] = [];
  const answers = await actOn(reach, chosen, {
    verb: "kill",
    outcome: "killed",
    deed(live, ids) {
      const { answers, ended } = live.kill(ids);
      overs.push(ended);
      return answers;
    },
  });
  await Promise.all(overs);
  return await askElsewhere(reach, answers);
}

/** What still waits in a group that is killed would take the places of those killed. */
async function pauseWaiting({ store }: Reach, { groups }: Chosen): Promise<void> {
  if (groups === null) return;
  for (const { name, paused, jobs } of await store.commands.groups()) {
    const { ready = 0, waiting = 0, blocked = 0, scheduled = 0 } = jobs;
    const waits = ready + waiting + blocked + scheduled > 0;
    if (waits && !paused && groups.includes(name)) await store.queues.pause(name);
  }
}

/** A command that another host runs, or that has no process yet, is asked to end by its row. */
async function askElsewhere(
  { store, live }: Reach,
  answers: readonly Answer[],
): Promise<readonly Answer[]> {
  const away = answers.filter(({ outcome }) => outcome === "away").map(({ id }) => id);
  if (away.length === 0 || (live === null && !store.shared)) return answers.map(refuseAway);
  const asked = new Map((await store.jobs.cancel(away)).map((each) => [each.id, each]));
  return answers.map((answer) => {
    const { outcome, error } = asked.get(answer.id) ?? answer;
    return { id: answer.id, outcome, ...(error !== undefined && { error }) };
  });
}

export async function pause(
  reach: Reach,
  selection: Selection,
  options: { readonly wait?: boolean },
): Promise<readonly Answer[]> {
  const chosen = await choose(reach, selection);
  for (const group of chosen.groups ?? []) await reach.store.queues.pause(group);
  if (chosen.groups !== null && options.wait) return [];
  const deed: Deed["deed"] = (live, ids) => live.pause(ids, true);
  const answers = await actOn(reach, chosen, { verb: "pause", outcome: "paused", deed });
  return answers.map(refuseAway);
}

export async function resume(reach: Reach, selection: Selection): Promise<readonly Answer[]> {
  const chosen = await choose(reach, selection);
  for (const group of chosen.groups ?? []) await reach.store.queues.resume(group);
  const answers = await act(reach, await pausedOf(reach, chosen), {
    verb: "resume",
    outcome: "resumed",
    deed(live, ids) {
      const running = live.running();
      const paused = ids.filter((id) => running.get(id)?.paused);
      const others = ids.filter((id) => !paused.includes(id));
      const sentence = "it runs and is not paused";
      return [...live.pause(paused, false), ...others.map((id) => notDone(id, sentence))];
    },
  });
  reach.live?.look();
  return answers.map(refuseAway);
}

/** Ids as they were given; of groups those that are paused. */
async function pausedOf(reach: Reach, chosen: Chosen): Promise<readonly number[]> {
  const ids = await aimedAt(reach, chosen);
  const running = reach.live?.running();
  return chosen.groups === null ? ids : ids.filter((id) => running?.get(id)?.paused !== false);
}

/** Of groups the same as resume. */
export async function start(reach: Reach, selection: Selection): Promise<readonly Answer[]> {
  const chosen = await choose(reach, selection);
  if (chosen.ids === null) return await resume(reach, selection);
  const { live } = reach;
  if (live === null) throw new DeskError("no-runtime", reach.whyNot);
  const running = live.running();
  const paused = chosen.ids.filter((id) => running.get(id)?.paused);
  const woken = named(live.pause(paused, false), "resumed");
  const others = chosen.ids.filter((id) => !paused.includes(id));
  const answers = [...woken, ...(await startNow(reach, others))];
  await live.stored();
  return inOrder(chosen.ids, answers);
}

export async function send(reach: Reach, id: number, options: SendOptions): Promise<Answer> {
  const bytes = bytesOf(options);
  const eof = options.eof === true;
  if (bytes.length === 0 && !eof) throw new DeskError("invalid", "there is nothing to send");
  const { live } = reach;
  if (live?.running().has(id)) {
    const answer = await live.send(id, { bytes, eof });
    // `unknown`: it ended on the way
    if (answer.outcome !== "unknown") return nameOf(answer, "sent");
  }
  const job = await reach.store.commands.find(id);
  return refuseAway(explain(reach, id, { job, verb: "send" }));
}

/** @throws DeskError */
function bytesOf({ input = "", base64 = false }: SendOptions): Buffer {
  if (!base64) return Buffer.from(input);
  const bytes = Buffer.from(input, "base64");
  if (bytes.toString("base64") === input) return bytes;
  throw new DeskError("invalid", "the input is not base64; send it as text without that field");
}

/** The ids themselves, or what runs in the groups: here, or, where nothing runs here, anywhere. */
async function aimedAt(reach: Reach, { ids, groups }: Chosen): Promise<readonly number[]> {
  if (ids !== null) return ids;
  if (reach.live === null) return await findIds(reach, { groups, states: ["running"] });
  const here = [...reach.live.running().values()].filter(({ group }) => groups.includes(group));
  return here.map(({ id }) => id).sort((a, b) => a - b);
}

interface Deed {
  readonly verb: Verb;
  /** What one is called that did as it was asked. */
  readonly outcome: string;
  readonly deed: (live: LiveCommands, ids: readonly number[]) => readonly LiveAnswer[];
}

/** Of groups also on those that were claimed a moment ago. */
async function actOn(reach: Reach, chosen: Chosen, deed: Deed): Promise<readonly Answer[]> {
  const ids = await aimedAt(reach, chosen);
  const answers = await act(reach, ids, deed);
  const late = await lateOnes(reach, chosen.groups, ids);
  return late.length === 0 ? answers : [...answers, ...(await act(reach, late, deed))];
}

/** Acts at once on those that run here; then says what became of each, and why not. */
async function act(
  reach: Reach,
  ids: readonly number[],
  { verb, outcome, deed }: Deed,
): Promise<readonly Answer[]> {
  const { live, store } = reach;
  const running = live?.running();
  const here = ids.filter((id) => running?.has(id));
  const done = live === null || here.length === 0 ? [] : [...named(deed(live, here), outcome)];
  await live?.stored();
  const reached = new Set(here);
  const elsewhere = ids.filter((id) => !reached.has(id));
  if (elsewhere.length === 0) return inOrder(ids, done);
  const rows = await inParts(elsewhere, (some) => store.commands.list({ ids: some }));
  const begun = live === null ? [] : await onceStarted(live, rows.filter(isLate).map(idOf));
  if (live && begun.length > 0) {
    done.push(...named(deed(live, begun), outcome));
    await live.stored();
  }
  const byId = new Map(rows.map((row) => [row.id, row]));
  const others = elsewhere.filter((id) => !begun.includes(id));
  const said = others.map((id) => explain(reach, id, { job: byId.get(id) ?? null, verb }));
  return inOrder(ids, [...done, ...said]);
}

function idOf({ id }: { readonly id: number }): number {
  return id;
}

function refuseAway(answer: Answer): Answer {
  return answer.outcome === "away" ? { ...answer, outcome: "refused" } : answer;
}

function notDone(id: number, error: string): LiveAnswer {
  return { id, outcome: "refused", error };
}
