// Two hosts on one database, of which one is cut off or stands still: it stops its jobs before
// others may take them over, the other takes them over, and whatever the first still writes is
// refused. Then both work again.

import { expect, test } from "vitest";
import { CrashProject, signal } from "../../support/crash-project.ts";
import { Network, onHost } from "../../support/host.ts";
import { execute } from "../../support/postgres/databases.ts";
import { jobsAtRest } from "../../support/postgres/history.ts";
import { Link } from "../../support/postgres/link.ts";
import { temporaryDatabase } from "../../support/postgres.ts";
import { childrenOf, isRunning } from "../../support/proc.ts";
import type { Recorded } from "../../support/project.ts";
import { monotonic, type RuntimeProcess } from "../../support/runtime-process.ts";
import { waitFor } from "../../support/wait-for.ts";

const thresholdMs = 2_400;
const config = {
  // soft jobs end when they are told to, hard ones have to be ended with their process
  workers: ["soft", "hard"].map((name) => ({ name, queues: [name], threads: 1 })),
  process: { heartbeat_interval: "250ms", alive_threshold: `${thresholdMs}ms` },
};

/** Two hosts in one project, each with a way of its own to the database. */
class Hosts implements AsyncDisposable {
  readonly project: CrashProject;
  readonly first: RuntimeProcess;
  readonly second: RuntimeProcess;
  readonly soft: number;
  readonly hard: number;
  /** By which the tables are read. */
  readonly url: string;

  private constructor(project: CrashProject, both: RuntimeProcess[], jobs: number[]) {
    this.project = project;
    this.url = project.url;
    [this.first, this.second] = both as [RuntimeProcess, RuntimeProcess];
    [this.soft, this.hard] = jobs as [number, number];
  }

  /** The first holds an iteration and a job that is deaf; the second is idle. */
  static async at(url: string, ours: { url: string; wrapper?: readonly string[] }): Promise<Hosts> {
    const project = new CrashProject({ ...config, store: url });
    const start = async (name: string, store: string, wrapper: readonly string[] = []) => {
      project.configureAs(`${name}.yml`, { store, control: { socket: `./${name}.sock` } });
      const how = { config: `${name}.yml`, wrapper: [...wrapper, ...onHost(name)] };
      return await project.start([], how).ready();
    };
    try {
      const first = await start("first", ours.url, ours.wrapper);
      const input = { items: 300, itemMs: 10 };
      const soft = await project.enqueue("count.often", input, { queue: "soft" });
      const gate = project.gate();
      const hard = await project.enqueue("hold", { gate }, { queue: "hard" });
      await project.told(soft, "item", 20);
      await project.told(hard, "began");
      return new Hosts(project, [first, await start("second", url)], [soft, hard]);
    } catch (error) {
      await project[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What each host wrote of a job. */
  stories(job: number): { first: Recorded[]; second: Recorded[] } {
    const all = this.project.story(job);
    const [{ fence }] = all as [Recorded];
    return {
      first: all.filter((each) => each.fence === fence),
      second: all.filter((each) => each.fence !== fence),
    };
  }

  /** Once the second has begun both jobs: when it began the first of them. */
  async takenOver(): Promise<number> {
    const begun = () => {
      const [soft, hard] = [this.soft, this.hard].map((job) => this.stories(job).second[0]);
      return soft && hard && Math.min(soft.at, hard.at);
    };
    const what = "the other host to take over";
    return await this.second.until(begun, { what, deadlineMs: 4 * thresholdMs });
  }

  /** Both hosts run jobs again, and the two jobs end where they were taken over. */
  async workOn(): Promise<void> {
    const { project, first, second } = this;
    project.open();
    const register = "SELECT id FROM queue_runtime.processes WHERE state = 'running'";
    const registered = async () => (await execute(this.url, register)).length === 8;
    await waitFor(registered, { everyMs: 25, what: "all processes to be registered" });
    await jobsAtRest(this.url);
    const before = project.records("began").length;
    for (const queue of ["soft", "hard"]) {
      await project.enqueueMany("nap", Array(8).fill({ ms: 100 }), { queue });
    }
    const jobs = await jobsAtRest(this.url);
    const pids = new Set(
      project
        .records("began")
        .slice(before)
        .map(({ pid }) => pid),
    );
    expect(pids.size).toBe(4);
    for (const { pid } of [first, second]) {
      expect(childrenOf(pid).filter((child) => pids.has(child))).toHaveLength(2);
    }
    for (const id of [this.soft, this.hard]) {
      const { fence } = this.stories(id).second[0]!;
      const state = { state: "finished", attempts: 1, crashes: 1, fence, process_id: null };
      expect(jobs.find((job) => job.id === id)).toMatchObject(state);
    }
    const items = this.stories(this.soft).second.filter(({ event }) => event === "item");
    expect(items.at(-1)!.value).toBe(299);
    for (const runtime of [first, second]) expect(await runtime.stop()).toMatchObject({ code: 0 });
    expect(project.pids()).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.project[Symbol.asyncDispose]();
  }
}

/** What a host does that nobody can reach, and that does not know why. */
async function cutOff(hosts: Hosts, { cut, heal }: { cut: () => void; heal: () => void }) {
  const { first, second, soft, hard } = hosts;
  const [{ pid: held }] = hosts.stories(hard).first as [Recorded];
  const at = monotonic();
  cut();
  await first.event("lease-lost");
  const killed = await first.event("child-killed");
  expect(killed.msg).toMatch(/no heartbeat for .*, and it still runs jobs/);
  await first.until(() => !isRunning(held), { what: "the end of the deaf job's process" });
  expect(monotonic() - at).toBeLessThan(thresholdMs);

  const takenOver = await hosts.takenOver();
  expect(takenOver - at).toBeGreaterThan(thresholdMs - 250);
  for (const job of [soft, hard]) {
    const { first: ours, second: theirs } = hosts.stories(job);
    expect(ours.at(-1)!.at).toBeLessThan(theirs[0]!.at);
    expect(ours.at(-1)!.at - at).toBeLessThan(thresholdMs);
  }
  expect(second.events("process-pruned").length).toBeGreaterThan(0);
  heal();
  await first.event("lease-regained");
  await first.event("write-refused", ({ id }) => id === soft);
  expect(
    first.events("store-trouble").filter(({ process }) => process === "supervisor"),
  ).toHaveLength(1);
  await hosts.workOn();
}

test("a host whose link is silent stops its jobs in time; another one takes over, and both work on", async () => {
  await using database = await temporaryDatabase();
  await using link = await Link.to(Number(new URL(database.url).port));
  await using hosts = await Hosts.at(database.url, { url: link.through(database.url) });
  await cutOff(hosts, { cut: () => link.freeze(), heal: () => link.thaw() });
});

test("a host in a network of its own, whose cable is pulled, does the same", async (context) => {
  using network = Network.make();
  if (!network) return context.skip("network namespaces are not permitted here");
  await using database = await temporaryDatabase();
  const port = Number(new URL(database.url).port);
  await using link = await Link.to(port, { host: network.address });
  const url = link.through(database.url);
  await using hosts = await Hosts.at(database.url, { url, wrapper: network.inside });
  await cutOff(hosts, { cut: () => network.pull(), heal: () => network.plug() });
});

test("a host that stood still for three thresholds is refused what it writes, and works on", async () => {
  await using database = await temporaryDatabase();
  await using hosts = await Hosts.at(database.url, { url: database.url });
  const { first, soft, hard } = hosts;
  const pids = [first.pid, ...childrenOf(first.pid)];
  const at = monotonic();
  for (const pid of pids) signal(pid, "SIGSTOP");
  const takenOver = await hosts.takenOver();
  expect(takenOver - at).toBeGreaterThan(thresholdMs - 250);
  const rested = () => monotonic() - at > 3 * thresholdMs;
  await waitFor(rested, { deadlineMs: 4 * thresholdMs });
  for (const pid of pids) signal(pid, "SIGCONT");
  const continued = monotonic();
  // refused at its first write, or ended before it came to one
  const over = (job: number) => {
    const [{ pid }] = hosts.stories(job).first as [Recorded];
    return first.events("job-refused").some((line) => line.job === job) || !isRunning(pid);
  };
  for (const job of [soft, hard]) await first.until(() => over(job), { what: "a refusal" });
  expect(monotonic() - continued).toBeLessThan(1_500);
  const last = hosts.stories(soft).first.at(-1);
  await hosts.workOn();
  expect(hosts.stories(soft).first.at(-1)).toEqual(last);
});
