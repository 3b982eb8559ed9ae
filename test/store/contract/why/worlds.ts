// The property of `why`: it has nothing to say about a job if and only if the next claim of some
// worker takes it. Tried on random worlds, by what the claims really bring.
//
// Each worker of a world claims as `why` takes it to: one that holds nothing takes all it can get,
// one that holds something takes one. What it took it hands back, so that the next one finds the
// world as it was. A run that began has ended its turn among fair keys for good; so these are only
// in worlds with one worker.

import type { Claim, NewJob, Reason, Store, TurnAnswer } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { atLength } from "../../../support/at-length.ts";
import { randomBy } from "../../../support/seeded.ts";
import { rate, slot } from "../flow/words.ts";
import { killed, newWorker, type OpenStore } from "../world.ts";
import { appoint, type Hand, hire } from "./staff.ts";

const worlds = atLength(240, 120);
const worldsPerTest = 40;

const queues = ["a", "b_x", "b_y", "c"] as const;
const names = ["one", "two"] as const;
const lists = [["*"], ["a"], ["b_*"], ["c", "b_*"], ["b_y", "*"], ["*", "a"], ["b*", "a"], ["d"]];
const states = ["running", "running", "running", "busy", "quiet", "stopping", "starting"] as const;

interface Chance {
  /** Below `n`. */
  below(n: number): number;
  is(probability: number): boolean;
  one<T>(of: readonly T[]): T;
}

function chanceOf(seed: number): Chance {
  const random = randomBy(seed);
  const below = (n: number): number => Math.floor(random() * n);
  return { below, is: (probability) => random() < probability, one: (of) => of[below(of.length)]! };
}

interface Nature {
  /** One worker, no suspects, a fair queue, and rates. */
  readonly lone: boolean;
}

function someJob(chance: Chance, { lone }: Nature): NewJob {
  const job = { name: chance.one(names), queue: chance.one(queues), priority: chance.below(3) - 1 };
  if (chance.is(0.1)) return { ...job, held: true };
  if (chance.is(0.1)) return { ...job, delayMs: chance.one([1, 60_000]) };
  const keys = ["k", "l"].filter(() => chance.is(0.15));
  const gates = keys.map((key) => slot(key, { limit: 1 + chance.below(2) }));
  if (!lone) return { ...job, gates };
  const rates = chance.is(0.2) ? [rate("r", { limit: 2 })] : [];
  return { ...job, queue: chance.is(0.5) ? "a" : job.queue, gates: [...gates, ...rates] };
}

interface Employee extends Hand {
  readonly id: number;
  readonly idle: boolean;
}

/** Processes first, so that all of their jobs come after one another. */
async function someStaff(
  store: Store,
  chance: Chance,
  { lone }: Nature,
): Promise<readonly Employee[]> {
  const staff: Employee[] = [];
  const count = lone ? 1 : chance.below(4);
  for (let n = 0; n < count; n += 1) {
    const known = names.filter(() => chance.is(0.75));
    const hand = { queues: chance.one(lists), names: known, state: chance.one(states) };
    const id = await hire(store, hand);
    const idle = chance.is(0.5);
    if (!idle) await store.jobs.enqueue([{ name: "chore", queue: "chores" }]);
    const chore = { queues: ["chores"], names: ["chore"], limit: 1, idle: true };
    if (!idle) await turn(store, id, chore);
    staff.push({ ...hand, id, idle });
  }
  if (chance.is(0.5)) await appoint(store, "dispatcher");
  return staff;
}

function turn(store: Store, processId: number, claim: Claim): Promise<TurnAnswer> {
  return store.jobs.turn({ processId, settlements: [], checkpoints: [], claim });
}

/** A job that was twice in a process when it died. */
async function addSuspect(store: Store, chance: Chance): Promise<void> {
  const job = { name: chance.one(names), queue: chance.one(queues), priority: -2 };
  await store.jobs.enqueue([job]);
  for (let n = 0; n < 2; n += 1) {
    const worker = await newWorker(store);
    await worker.claim({ queues: [job.queue], names: [job.name], limit: 1 });
    await store.jobs.recover(worker.id, { end: killed, started: null });
  }
}

type Whys = ReadonlyMap<number, readonly Reason[]>;

async function allWhys(store: Store): Promise<Whys> {
  const found = new Map<number, readonly Reason[]>();
  for (const { id, state } of await store.jobs.list({ limit: 1_000 }))
    if (state !== "running") found.set(id, (await store.flow.why(id))!);
  return found;
}

/** What the claims of all workers bring, each from the same world. */
async function allClaims(store: Store, staff: readonly Employee[]): Promise<ReadonlySet<number>> {
  const taken = new Set<number>();
  for (const { id, queues, names, idle, state } of staff) {
    if (state !== "running" && state !== "busy") continue;
    const claim = { queues: queues!, names: names!, limit: idle ? 1_000 : 1, idle };
    const { claimed } = await turn(store, id, claim);
    for (const job of claimed) taken.add(job.id);
    await store.jobs.turn({
      processId: id,
      settlements: claimed.map((job) => ({ id: job.id, fence: job.fence, outcome: "released" })),
      checkpoints: [],
      claim: null,
    });
  }
  return taken;
}

async function clean(store: Store): Promise<void> {
  for (const queue of queues) await store.queues.resume(queue);
  await store.queues.set("a", null);
  await store.processes.deregister((await store.processes.list()).map(({ id }) => id));
  await store.jobs.discard((await store.jobs.list({ limit: 1_000 })).map(({ id }) => id));
}

/** The reasons that were given. */
type Tally = Set<string>;

function nameOf(reason: Reason): string {
  return reason.why === "blocked" ? `blocked: ${reason.kind}` : reason.why;
}

async function makeWorld(
  store: Store,
  chance: Chance,
  nature: Nature,
): Promise<readonly Employee[]> {
  await clean(store);
  if (nature.lone) await store.queues.set("a", { slots: null, rate: null, fair: true });
  const staff = await someStaff(store, chance, nature);
  for (let n = !nature.lone && chance.is(0.25) ? 1 + chance.below(2) : 0; n > 0; n -= 1)
    await addSuspect(store, chance);
  const count = chance.below(nature.lone ? 40 : 14);
  const jobs = Array.from({ length: count }, () => someJob(chance, nature));
  const [first] = await store.jobs.enqueue(jobs);
  if (first && chance.is(0.3))
    await store.jobs.enqueue([{ ...someJob(chance, nature), held: false, after: [first.id] }]);
  for (const queue of queues) if (chance.is(0.12)) await store.queues.pause(queue);
  return staff;
}

async function tryWorld(store: Store, seed: number, tally: Tally): Promise<void> {
  const chance = chanceOf(seed);
  const nature = { lone: chance.is(0.3) };
  const staff = await makeWorld(store, chance, nature);
  const before = await allWhys(store);
  const taken = await allClaims(store, staff);
  // a suspect becomes anybody's by nothing but the time that passes
  const after = nature.lone ? before : await allWhys(store);
  for (const [id, reasons] of before) {
    for (const name of reasons.length === 0 ? ["none"] : reasons.map(nameOf)) tally.add(name);
    const empty = [reasons, after.get(id)!].map(({ length }) => length === 0);
    const what = `world ${seed}, job ${id}: ${JSON.stringify(reasons)}`;
    expect(empty, `${what}, and it was ${taken.has(id) ? "" : "not "}claimed`).toContain(
      taken.has(id),
    );
  }
}

const everything = [
  ...["none", "held", "scheduled", "waiting", "paused", "no-dispatcher"],
  ...["blocked: concurrency", "blocked: rate", "blocked: fair"],
  ...["no-worker", "unknown-name", "workers-full"],
];

export function worldsContract(open: OpenStore): void {
  describe("there is a reason if and only if no claim takes the job", () => {
    it.each(Array.from({ length: worlds / worldsPerTest }, (_, n) => n * worldsPerTest))(
      `in ${worldsPerTest} random worlds from %i on`,
      async (from) => {
        await using world = await open({ durability: "normal" });
        const tally: Tally = new Set();
        for (let n = 0; n < worldsPerTest; n += 1) await tryWorld(world.store, from + n, tally);
        expect([...tally]).toEqual(expect.arrayContaining(everything));
      },
      60_000,
    );
  });
}
