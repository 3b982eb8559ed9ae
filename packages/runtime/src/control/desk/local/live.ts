// What people do to commands that run. The signals are sent before anything is waited for: the
// store is asked only where a group has to be found, and afterwards, to say why an id was refused.

import type { CommandJob } from "@queue-runtime/store";
import type { Answer, Selection } from "../../desk.ts";
import type { LiveAnswer, LiveCommand, LiveCommands } from "../../live-commands.ts";
import { DeskError } from "../desk-error.ts";
import { ends, signalNamed } from "../signals.ts";
import { lateOnes, onceStarted } from "./late.ts";
import { inOrder, named, nameOf, type Reach, refused, unknownCommand } from "./reach.ts";
import { type Chosen, choose, findIds } from "./selection.ts";
import { startNow } from "./start-now.ts";

type Running = ReadonlyMap<number, LiveCommand>;
const none: Running = new Map();

export async function kill(
  reach: Reach,
  selection: Selection,
  options: { readonly signal?: string },
): Promise<readonly Answer[]> {
  const signal = options.signal === undefined ? null : signalNamed(options.signal);
  const chosen = await choose(reach, selection);
  if (signal === null || ends(signal)) await pauseWaiting(reach, chosen);
  const ids = await aimedAt(reach, chosen);
  if (signal !== null) {
    const sent = await act(reach, ids, "signalled", (live, those) => live.signal(those, signal));
    return sent.map(refuseAway);
  }
  let ended: Promise<void> | undefined;
  const answers = await act(reach, ids, "killed", (live, running) => {
    const killed = live.kill(running);
    ended = killed.ended;
    return killed.answers;
  });
  await ended;
  const late = await lateOnes(reach, chosen.groups);
  const away = late.map((id) => ({ id, outcome: "away" }));
  return await askElsewhere(reach, [...answers, ...away]);
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
  const ids = await aimedAt(reach, chosen);
  const answers = await act(reach, ids, "paused", (live, running) => live.pause(running, true));
  const late = await pauseLate(reach, await lateOnes(reach, chosen.groups));
  return [...answers.map(refuseAway), ...late];
}

async function pauseLate({ live }: Reach, ids: readonly number[]): Promise<readonly Answer[]> {
  if (live === null || ids.length === 0) return [];
  const paused = live.pause(await onceStarted(live, ids), true);
  await live.stored();
  return named(paused, "paused");
}

export async function resume(reach: Reach, selection: Selection): Promise<readonly Answer[]> {
  const chosen = await choose(reach, selection);
  for (const group of chosen.groups ?? []) await reach.store.queues.resume(group);
  const running = reach.live?.running() ?? none;
  const all = await aimedAt(reach, chosen);
  const isPaused = (id: number) => running.get(id)?.paused === true;
  const ids = chosen.groups === null ? all : all.filter(isPaused);
  const answers = await act(reach, ids, "resumed", (live, those) => {
    const paused = those.filter(isPaused);
    const others = those.filter((id) => !paused.includes(id));
    const sentence = "it runs and is not paused";
    return [...live.pause(paused, false), ...others.map((id) => notDone(id, sentence))];
  });
  reach.live?.look();
  return answers.map(refuseAway);
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

export async function send(
  reach: Reach,
  id: number,
  options: { readonly input?: string; readonly eof?: boolean },
): Promise<Answer> {
  const bytes = Buffer.from(options.input ?? "");
  const eof = options.eof === true;
  if (bytes.length === 0 && !eof) throw new DeskError("invalid", "there is nothing to send");
  const { live } = reach;
  const isHere = live?.running().has(id) === true;
  if (live && isHere) return nameOf(await live.send(id, { bytes, eof }), "sent");
  return refuseAway(explain(reach, id, await reach.store.commands.find(id)));
}

/** The ids themselves, or what runs in the groups: here, or, where nothing runs here, anywhere. */
async function aimedAt(reach: Reach, { ids, groups }: Chosen): Promise<readonly number[]> {
  if (ids !== null) return ids;
  if (reach.live === null) return await findIds(reach, { groups, states: ["running"] });
  const here = [...reach.live.running().values()].filter(({ group }) => groups.includes(group));
  return here.map(({ id }) => id).sort((a, b) => a - b);
}

type Act = (live: LiveCommands, running: readonly number[]) => readonly LiveAnswer[];

/** Acts at once on those that run here; then says what became of each, and why not. */
async function act(
  reach: Reach,
  ids: readonly number[],
  outcome: string,
  deed: Act,
): Promise<readonly Answer[]> {
  const { live, store } = reach;
  const running = live?.running() ?? none;
  const here = ids.filter((id) => running.has(id));
  const done = live === null || here.length === 0 ? [] : named(deed(live, here), outcome);
  await live?.stored();
  const elsewhere = ids.filter((id) => !here.includes(id));
  if (elsewhere.length === 0) return inOrder(ids, done);
  const rows = await store.commands.list({ ids: elsewhere });
  const byId = new Map(rows.map((row) => [row.id, row]));
  const others = elsewhere.map((id) => explain(reach, id, byId.get(id) ?? null));
  return inOrder(ids, [...done, ...others]);
}

/** `away`: it runs, and not within our reach. */
function explain(reach: Reach, id: number, job: CommandJob | null): Answer {
  if (job === null) return unknownCommand(id);
  if (job.state !== "running") return refused(id, `it does not run: it is ${job.state}`);
  if (reach.live === null) return { id, outcome: "away", error: reach.whyNot };
  const { process } = job.command;
  const where = process
    ? `it runs on ${process.host}: ask there`
    : "it is being started: ask again";
  return { id, outcome: "away", error: where };
}

function refuseAway(answer: Answer): Answer {
  return answer.outcome === "away" ? { ...answer, outcome: "refused" } : answer;
}

function notDone(id: number, error: string): LiveAnswer {
  return { id, outcome: "refused", error };
}
