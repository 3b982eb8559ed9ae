// Two hosts on one database: workers, supervisors, connections and the server itself are killed at
// random, and their links stutter and lose answers, while jobs and iterations keep coming. Who loses
// its supervisor gets another, as from a service manager. Afterwards a judge that knows nothing of the runtime reads the tables and what the jobs
// wrote. KILL_LOOP_SECONDS and KILL_LOOP_SEED change how long and in which order.

import { expect, test } from "vitest";
import { contradictions, type Kill, restartDelays } from "../../support/crash-check.ts";
import { CrashProject, signal } from "../../support/crash-project.ts";
import { onHost } from "../../support/host.ts";
import { Load } from "../../support/load.ts";
import { within } from "../../support/pace.ts";
import { execute } from "../../support/postgres/databases.ts";
import { jobsAtRest } from "../../support/postgres/history.ts";
import { Link } from "../../support/postgres/link.ts";
import type { PostgresServer } from "../../support/postgres/server.ts";
import { startPostgres } from "../../support/postgres.ts";
import { childrenOf, titleOf } from "../../support/proc.ts";
import type { JobRow, Recorded } from "../../support/project.ts";
import { monotonic, type RuntimeProcess } from "../../support/runtime-process.ts";
import { randomBy } from "../../support/seeded.ts";
import { waitFor } from "../../support/wait-for.ts";

const seconds = Number(process.env.KILL_LOOP_SECONDS ?? 6);
const seed = Number(process.env.KILL_LOOP_SEED ?? 1);
const killEveryMs = 400;
const healMs = 60_000;
/** How long a link stutters: short of what a host takes for the loss of its lease. */
const frozenMs = 1_200;

/** Nearly all that two hosts with four slots each can do. */
const heavy = { jobsPerSecond: 150, iterationsPerSecond: 5, items: 150 };

const config = {
  workers: [{ processes: 2, threads: 1, concurrency: 2 }],
  process: { heartbeat_interval: "250ms", alive_threshold: "3s" },
  log: { level: "warn" },
};

class Victims implements AsyncDisposable {
  readonly kills: Kill[] = [];
  readonly counts = { worker: 0, supervisor: 0, connections: 0, server: 0, link: 0 };
  readonly hosts = new Map<string, RuntimeProcess>();
  readonly #links: Link[] = [];
  readonly #project: CrashProject;
  readonly #server: PostgresServer;
  readonly #random = randomBy(seed);

  constructor(project: CrashProject, server: PostgresServer) {
    this.#project = project;
    this.#server = server;
  }

  async startAll(): Promise<void> {
    for (const name of ["left", "right"]) {
      const link = await Link.to(this.#server.port);
      this.#links.push(link);
      const store = link.through(this.#project.url);
      this.#project.configureAs(`${name}.yml`, { store, control: { socket: `./${name}.sock` } });
      this.start(name);
    }
    await this.ready();
  }

  start(name: string): void {
    const how = { config: `${name}.yml`, wrapper: onHost(name) };
    this.hosts.set(name, this.#project.start([], how));
  }

  /** One of them, if there is one that has something to lose. */
  async strike(): Promise<void> {
    const dice = this.#random();
    if (dice < 0.07) return await this.#crash();
    if (dice < 0.15) return await this.#throwOut();
    if (dice < 0.3) return await this.#spoil(this.#pick(this.#links)!);
    const [name, host] = this.#pick([...this.hosts]) ?? [];
    if (!host || !name) return;
    if (dice >= 0.45) return this.#kill("worker", this.#pick(this.#workersOf(host)));
    if (this.#workersOf(host).length === 0) return;
    this.#kill("supervisor", host.pid);
    await host.ended();
    this.start(name);
  }

  async ready(): Promise<void> {
    await Promise.all(
      [...this.hosts.values()].map((host) =>
        host.until(() => this.#workersOf(host).length === 2, {
          what: "two workers",
          deadlineMs: within(15_000),
        }),
      ),
    );
  }

  #workersOf({ pid }: RuntimeProcess): number[] {
    return childrenOf(pid).filter((child) => titleOf(child).startsWith("runtime worker"));
  }

  #kill(what: "worker" | "supervisor", pid: number | undefined): void {
    if (pid === undefined) return;
    this.kills.push({ pid, at: monotonic() });
    this.counts[what] += 1;
    signal(pid, "SIGKILL");
  }

  async #throwOut(): Promise<void> {
    this.counts.connections += 1;
    const all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IS NOT NULL";
    // ours is one of them
    await execute(this.#server.url(), `${all} AND pid <> pg_backend_pid()`);
  }

  async #crash(): Promise<void> {
    this.counts.server += 1;
    await this.#server.restart("immediate");
  }

  async #spoil(link: Link): Promise<void> {
    this.counts.link += 1;
    const dice = this.#random();
    if (dice < 0.4) return link.loseNext(3);
    if (dice < 0.6) return link.cut();
    link.freeze();
    const since = monotonic();
    await waitFor(() => monotonic() - since > frozenMs);
    link.thaw();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links) await link[Symbol.asyncDispose]();
  }

  #pick<T>(all: readonly T[]): T | undefined {
    return all[Math.floor(this.#random() * all.length)];
  }
}

test(
  `two hosts under fire for ${seconds} s lose nothing, and no run has a rival`,
  async () => {
    await using server = await startPostgres();
    const store = await server.createDatabase();
    await using project = new CrashProject({ ...config, store });
    await using victims = new Victims(project, server);
    await victims.startAll();
    const load = await Load.on(store, { seed, ...heavy });
    const began = monotonic();
    for (let n = 1; n * killEveryMs < seconds * 1_000; n++) {
      const due = () => monotonic() - began >= n * killEveryMs;
      await waitFor(due, { deadlineMs: within(2 * killEveryMs) });
      await victims.strike();
    }
    await load.stop();
    const jobs = await jobsAtRest(store, { deadlineMs: healMs });
    await victims.ready();
    for (const host of victims.hosts.values()) expect(await host.stop()).toMatchObject({ code: 0 });
    expect(project.pids()).toEqual([]);

    const { kills } = victims;
    const records = project.records();
    const evidence = { acknowledged: load.known(jobs), jobs, records, kills };
    const how = { stops: true, awayMs: frozenMs + 300 };
    expect(contradictions({ ...evidence, ...how }).slice(0, 20)).toEqual([]);
    expect(load.torn(jobs)).toEqual([]);
    const delays = restartDelays(evidence);
    const at = (share: number) => Math.round(delays[Math.floor(delays.length * share)] ?? 0);
    console.log(
      `seed ${seed}: ${jobs.length} jobs, ${JSON.stringify(victims.counts)} killed,`,
      `${delays.length} runs torn off; run again after ${at(0.5)} ms (p50), ${at(0.99)} ms (p99)`,
    );
    expect(kills.length).toBeGreaterThan(0);
    // on a machine that runs other tests as well; who is torn off again and again waits
    expect(at(0.99)).toBeLessThan(within(10_000));
  },
  (seconds + 180) * 1_000,
);

test("the judge sees a rival, an interruption nobody counted, and one that nobody asked for", () => {
  const job = {
    ...{ id: 1, name: "count.often", state: "finished", attempts: 1, interruptions: 1, crashes: 0 },
    ...{ fence: 3, process_id: null, args: { items: 2 } },
  } as unknown as JobRow;
  const run = (fence: number, pid: number, events: [string, number, number?][]): Recorded[] =>
    events.map(([event, at, value]) => ({ event, at, pid, job: 1, fence, value }));
  const first = run(1, 7, [
    ["item", 1, 0],
    ["onInterrupt", 2],
  ]);
  const second = run(3, 8, [
    ["item", 3, 1],
    ["onComplete", 4],
  ]);
  const good = { acknowledged: [1], jobs: [job], kills: [], stops: true };
  const verdict = (records: Recorded[], change: object = {}) =>
    contradictions({ ...good, records, ...change }).join("; ");
  expect(verdict([...first, ...second])).toBe("");
  expect(verdict([...first, ...second], { stops: false })).toMatch("interruptions of 0");
  const uncounted = { jobs: [{ ...job, interruptions: 0 }] };
  expect(verdict([...first, ...second], uncounted)).toMatch("0 interruptions of 1");
  const late = { ...first[1]!, at: 3.5 };
  expect(verdict([first[0]!, late, ...second])).toMatch("fences 1 and 3 at once");
  const again = run(3, 8, [["item", 2.5, 0]]);
  expect(verdict([...first, ...again, ...second])).toMatch("after a clean interruption");
});
