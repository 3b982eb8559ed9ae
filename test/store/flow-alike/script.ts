// A story of one worker and one person, told by chance and repeated on any store: what each of them
// did and was answered, and what the jobs were after it. Jobs are named by the order in which they
// were enqueued, for ids differ. Nothing in it depends on the time: what is late is very late, and
// who has waited for long is told so by a person at a SQL prompt.
//
// A job has one key, its own or its queue's: where slots of several keys are free at once, stores
// may look at the keys in any order, and so choose other jobs.

import type { Job, JobState, NewJob, QueueSettings, Store } from "@queue-runtime/store";
import { randomBy } from "../../support/seeded.ts";
import { ageAllByHand, keepYoungByHand } from "../contract/flow/by-hand.ts";
import { rate, slot, unique } from "../contract/flow/words.ts";
import { boom, type Ending, newWorker, type OpenedStore, type Worker } from "../contract/world.ts";

export interface Line {
  readonly did: string;
  readonly answer: unknown;
  readonly jobs: readonly string[];
  /** What was set by then. */
  readonly rules: unknown;
}

const never = 86_400_000;
/** In so many steps nobody comes to wait for long by himself. */
const young = 25;
const endings: readonly Ending[] = [
  { outcome: "finished", result: null },
  { outcome: "finished", result: null },
  { outcome: "failed", error: boom, retryDelayMs: null },
  { outcome: "failed", error: boom, retryDelayMs: 0 },
  { outcome: "failed", error: boom, retryDelayMs: never },
  { outcome: "interrupted", delayMs: 0 },
  { outcome: "interrupted", delayMs: never },
  { outcome: "released" },
  { outcome: "crashed", cursor: 1 },
  { outcome: "cancelled" },
  { outcome: "gated", gates: [slot("b", { limit: 2 })] },
  { outcome: "gated", gates: [slot("b", { onConflict: "discard" })], uniques: [unique("u")] },
  { outcome: "gated", gates: [slot("b", { limit: 2, onConflict: "replace" })] },
  { outcome: "gated", gates: [], uniques: [unique("v", { onConflict: "replace" })] },
];
const policies = ["block", "block", "discard", "fail", "replace"] as const;
const replies = ["exists", "replace", "debounce"] as const;
const pending: readonly JobState[] = ["held", "waiting", "scheduled", "blocked", "ready"];
const settings: readonly (QueueSettings | null)[] = [
  null,
  { slots: 2, rate: null, fair: false },
  { slots: null, rate: { limit: 3, perMs: never, burst: 3 }, fair: false },
  { slots: 4, rate: null, fair: false },
];

export class Script {
  readonly #store: Store;
  readonly #url: string;
  readonly #random: () => number;
  readonly #ids: number[] = [];
  readonly #batches: number[] = [];
  #worker: Worker;
  #runs: Job[] = [];
  /** About the step, for whoever has to find out why it went wrong. */
  #said = "";
  readonly #about: "keys" | "queue";

  private constructor(
    { store, url }: Pick<OpenedStore, "store" | "url">,
    { about, seed }: { about: "keys" | "queue"; seed: number },
    worker: Worker,
  ) {
    this.#store = store;
    this.#url = url;
    this.#about = about;
    this.#random = randomBy(seed);
    this.#worker = worker;
  }

  /** `keys`: jobs have keys of their own; `queue`: their queue has settings. */
  static async tell(
    world: Pick<OpenedStore, "store" | "url">,
    { about, seed, length }: { about: "keys" | "queue"; seed: number; length: number },
  ): Promise<readonly Line[]> {
    const script = new Script(world, { about, seed }, await newWorker(world.store));
    const lines: Line[] = [];
    while (lines.length < length) {
      if (lines.length % young === 0) await keepYoungByHand(world.url);
      lines.push(await script.#line());
    }
    return lines;
  }

  async #line(): Promise<Line> {
    const [did, act] = this.#one<[string, () => Promise<unknown>]>([
      ["enqueue", () => this.#enqueue()],
      ["enqueue", () => this.#enqueue()],
      ["enqueue", () => this.#enqueue()],
      ["claim", () => this.#claim()],
      ["claim", () => this.#claim()],
      ["settle", () => this.#settle()],
      ["settle", () => this.#settle()],
      ["settle", () => this.#settle()],
      ["act", () => this.#act()],
      ["age", () => ageAllByHand(this.#url)],
      ["set", () => this.#set()],
      ["batch", () => this.#batch()],
      ["die", () => this.#die()],
    ]);
    this.#said = "";
    const answer = await act().catch((error: { code?: string }) => {
      if (error.code !== "conflict" && error.code !== "invalid") throw error;
      return "refused";
    });
    return {
      did: `${did} ${this.#said}`,
      answer,
      jobs: await this.#jobs(),
      rules: await this.#rules(),
    };
  }

  async #enqueue(): Promise<unknown> {
    const jobs = Array.from({ length: this.#one([1, 1, 1, 3]) }, () => this.#newJob());
    this.#said = jobs.map(describe).join("; ");
    const answers = await this.#store.jobs.enqueue(jobs);
    for (const { id, outcome } of answers) if (outcome === "created") this.#ids.push(id);
    return answers.map(({ id, outcome }) => [outcome, this.#ids.indexOf(id)]);
  }

  #newJob(): NewJob {
    const key = this.#one(["a", "b", "c"]);
    const own = slot(key, { limit: this.#one([1, 1, 2, 3]), onConflict: this.#one(policies) });
    const gate = this.#one([own, own, rate("r", { limit: 3, ms: never })]);
    const gates = this.#about === "keys" && this.#of(0.8) ? [gate] : [];
    const states = this.#of(0.7) ? [...pending, "running" as const] : pending;
    const uniques = ["u", "v"]
      .filter(() => this.#of(0.15))
      .map((key) => unique(key, { states, onConflict: this.#one(replies) }));
    return {
      name: this.#one(["job", "other"]),
      args: Math.floor(this.#random() * 1_000),
      priority: this.#one([0, 0, 0, 1, -1]),
      gates,
      uniques,
      ...(this.#of(0.2) && { delayMs: never }),
      ...(this.#of(0.2) && this.#ids.length > 0
        ? { after: this.#some() }
        : { held: this.#of(0.05) }),
      ifDependencyFails: this.#one(["fail", "run"] as const),
      ...(this.#of(0.2) && this.#batches.length > 0 && { batchId: this.#one(this.#batches) }),
    };
  }

  async #claim(): Promise<unknown> {
    const limit = this.#one([1, 2, 5]);
    const claimed = await this.#worker.claim({ names: ["job", "other"], limit });
    this.#runs.push(...claimed);
    return claimed.map(({ id }) => this.#ids.indexOf(id));
  }

  async #settle(): Promise<unknown> {
    if (this.#runs.length === 0) return null;
    const [run] = this.#runs.splice(Math.floor(this.#random() * this.#runs.length), 1);
    const wanted = this.#one(endings);
    // Only a job that was enqueued by name alone is given gates.
    const isGated =
      wanted.outcome === "gated" &&
      (run!.concurrencyKey !== null || run!.keyed || this.#about === "queue");
    const ending = isGated ? endings[0]! : wanted;
    const { refused } = await this.#worker.settle(run!, ending);
    return [ending.outcome, this.#ids.indexOf(run!.id), refused.length];
  }

  async #act(): Promise<unknown> {
    const { jobs, flow, queues } = this.#store;
    if (this.#ids.length === 0) return null;
    const ids = this.#some();
    const action = this.#one(["cancel", "discard", "retry", "maintain", "clear"] as const);
    if (action === "maintain") return (await flow.maintain(100)).freed;
    if (action === "clear") return await queues.clear("default", { all: false });
    const asked = action === "retry" ? jobs.retry(ids, { fromStart: false }) : jobs[action](ids);
    return (await asked).map(({ id, outcome }) => [action, this.#ids.indexOf(id), outcome]);
  }

  async #set(): Promise<unknown> {
    if (this.#about === "keys") {
      const limit = this.#one([null, 1, 2, 5]);
      this.#said = `limit ${limit}`;
      return this.#store.flow.limit("job", limit);
    }
    const wanted = this.#one(settings);
    this.#said = JSON.stringify(wanted);
    return this.#store.queues.set("default", wanted);
  }

  async #batch(): Promise<unknown> {
    if (this.#of(0.5)) {
      this.#batches.push(await this.#store.batches.open({}));
      return null;
    }
    if (this.#batches.length > 0) await this.#store.batches.seal(this.#one(this.#batches));
    const all = await this.#store.batches.list({ limit: 100 });
    return all.map(({ state, jobs }) => [state, jobs]);
  }

  async #die(): Promise<unknown> {
    this.#runs = [];
    const recovered = await this.#worker.dies();
    this.#worker = await newWorker(this.#store);
    return recovered.map(({ id, outcome }) => [this.#ids.indexOf(id), outcome]);
  }

  async #rules(): Promise<unknown> {
    const queues = await this.#store.queues.list();
    return [
      await this.#store.flow.limits(),
      queues.map(({ settings, blocked }) => [settings, blocked]),
    ];
  }

  async #jobs(): Promise<readonly string[]> {
    const jobs = await this.#store.jobs.list({ limit: 10_000 });
    return jobs.map((job) => {
      const { id, state, priority, args, attempts, interruptions, crashes } = job;
      const counters = [attempts, interruptions, crashes].join("/");
      const keys = `${job.concurrencyKey} ${job.uniqueKey}`;
      return `${this.#ids.indexOf(id)} ${state} ${args} ${priority} ${counters} ${keys}`;
    });
  }

  #of(share: number): boolean {
    return this.#random() < share;
  }

  #one<T>(all: readonly T[]): T {
    return all[Math.floor(this.#random() * all.length)]!;
  }

  /** One to three different jobs. */
  #some(): readonly number[] {
    return [...new Set([1, 2, 3].slice(0, this.#one([1, 1, 3])).map(() => this.#one(this.#ids)))];
  }
}

function describe({ name, gates, uniques, after, batchId, delayMs, held }: NewJob): string {
  const wants = [...(gates ?? [])].map(
    ({ key, limit, onConflict }) => `${key}:${limit}:${onConflict}`,
  );
  const keys = [...(uniques ?? [])].map(({ key, onConflict }) => `${key}:${onConflict}`);
  const rest = { after: after?.length, batchId, delayMs, held };
  return `${name} ${wants} ${keys} ${JSON.stringify(rest)}`;
}
