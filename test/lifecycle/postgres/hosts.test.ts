// Two hosts on one database, of which one is cut off or stands still: it stops its jobs before
// others may take them over, the other takes them over, and whatever the first still writes is
// refused. Then both work again.

import { expect, test } from "vitest";
import { CrashProject, signal } from "../../support/crash-project.ts";
import { Network, onHost } from "../../support/host.ts";
import { within } from "../../support/pace.ts";
import { execute } from "../../support/postgres/databases.ts";
import { jobsAtRest } from "../../support/postgres/history.ts";
import { Link } from "../../support/postgres/link.ts";
import { temporaryDatabase } from "../../support/postgres.ts";
import { childrenOf, isRunning } from "../../support/proc.ts";
import type { Recorded } from "../../support/project.ts";
import { type LogLine, monotonic, type RuntimeProcess } from "../../support/runtime-process.ts";
import { waitFor } from "../../support/wait-for.ts";

// the deaf are killed after 85 % of it: the rest is what a busy machine may be late
const thresholdMs = 4_000;
/** For what takes no time of its own, on a machine that is busy; in milliseconds. */
const patient = { deadlineMs: 20_000 };
/** Of the job that is counted. */
const items = 500;
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
      // it waits in an item until the other host is there, however long that takes to start
      const input = { items, itemMs: 10, pauseAt: 20, gate: project.gate("both") };
      const soft = await project.enqueue("count.often", input, { queue: "soft" });
      const gate = project.gate();
      const hard = await project.enqueue("hold", { gate }, { queue: "hard" });
      await project.told(soft, "item", 21);
      await project.told(hard, "began");
      const second = await start("second", url);
      project.open("both");
      await project.told(soft, "item", 30);
      return new Hosts(project, [first, second], [soft, hard]);
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

  /** Of the process in which the first ran a job. */
  firstPid(job: number): number {
    return this.stories(job).first[0]!.pid;
  }

  /** Until when nobody else may begin what the first holds; by `monotonic()`. */
  async leaseEnd(): Promise<number> {
    const pids = [this.first.pid, ...childrenOf(this.first.pid)];
    const beats = `SELECT min(heartbeat_at)::float8 AS last FROM queue_runtime.processes
      WHERE pid IN (${pids.join()})`;
    const [beat] = await execute<{ last: number }>(this.url, beats);
    return byMonotonic(beat!.last) + thresholdMs;
  }

  /** Once the second has begun both jobs: when it began the first of them. */
  async takenOver(): Promise<number> {
    const begun = () => {
      const [soft, hard] = [this.soft, this.hard].map((job) => this.stories(job).second[0]);
      return soft && hard && Math.min(soft.at, hard.at);
    };
    const what = "the other host to take over";
    return await this.second.until(begun, { what, deadlineMs: within(4 * thresholdMs) });
  }

  /** Both hosts run jobs again, and the two jobs end where they were taken over. */
  async workOn(): Promise<void> {
    const { project, first, second } = this;
    project.open();
    const register = "SELECT id FROM queue_runtime.processes WHERE state = 'running'";
    const registered = async () => (await execute(this.url, register)).length === 8;
    const what = "all processes to be registered";
    await waitFor(registered, { ...patient, everyMs: 25, what });
    await jobsAtRest(this.url);
    const before = project.records("began").length;
    // a host that hears of them late finds nothing left of the first ones
    const allWork = async () => {
      for (const queue of ["soft", "hard"]) {
        await project.enqueueMany("nap", Array(8).fill({ ms: 100 }), { queue });
      }
      await jobsAtRest(this.url);
      const begun = project.records("began").slice(before);
      const pids = new Set(begun.map(({ pid }) => pid));
      return pids.size >= 4 && pids;
    };
    const pids = await waitFor(allWork, { ...patient, what: "all workers to run jobs" });
    expect(pids.size).toBe(4);
    for (const { pid } of [first, second]) {
      expect(childrenOf(pid).filter((child) => pids.has(child))).toHaveLength(2);
    }
    await this.#endedWhereTakenOver();
    for (const runtime of [first, second]) expect(await runtime.stop()).toMatchObject({ code: 0 });
    expect(project.pids()).toEqual([]);
  }

  /** Nothing that the first wrote late shows in the rows. */
  async #endedWhereTakenOver(): Promise<void> {
    const jobs = await jobsAtRest(this.url);
    for (const id of [this.soft, this.hard]) {
      const { fence } = this.stories(id).second[0]!;
      const counts = { attempts: 1, interruptions: 0, crashes: 1 };
      const state = { state: "finished", ...counts, fence, process_id: null };
      expect(jobs.find((job) => job.id === id)).toMatchObject(state);
    }
    const done = this.stories(this.soft).second.filter(({ event }) => event === "item");
    expect(done.at(-1)!.value).toBe(items - 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.project[Symbol.asyncDispose]();
  }
}

/** From milliseconds since 1970, by the clock of this machine, to those of `monotonic()`. */
function byMonotonic(time: number): number {
  return time - (Date.now() - monotonic());
}

/** What a host does that nobody can reach, and that does not know why. */
async function cutOff(hosts: Hosts, { cut, heal }: { cut: () => void; heal: () => void }) {
  const { first, second, soft, hard } = hosts;
  const [counting, held] = [hosts.firstPid(soft), hosts.firstPid(hard)];
  const at = monotonic();
  cut();
  const leaseEnd = await hosts.leaseEnd();
  await first.event("lease-lost", undefined, patient);
  const isHeld = ({ child_pid }: LogLine) => child_pid === held;
  const killed = await first.event("child-killed", isHeld, patient);
  expect(killed.msg).toMatch(/no heartbeat for .*, and it still runs jobs/);
  const ended = await first.event("child-exited", isHeld, patient);
  expect(byMonotonic(Number(ended.time))).toBeLessThan(leaseEnd);
  expect(isRunning(held)).toBe(false);

  expect(await hosts.takenOver()).toBeGreaterThan(leaseEnd);
  for (const job of [soft, hard]) {
    const { first: ours, second: theirs } = hosts.stories(job);
    expect(ours.at(-1)!.at).toBeLessThan(theirs[0]!.at);
    expect(ours.at(-1)!.at).toBeLessThan(leaseEnd);
  }
  await second.event("process-pruned");
  const troubles = first.events("store-trouble").filter((line) => line.at > at);
  expect(troubles.filter(({ process }) => process === "supervisor")).toHaveLength(1);
  heal();
  await first.event("lease-regained", undefined, patient);
  // the late write of the run that ended is refused, unless its process ends before it writes
  const refused = () => first.events("write-refused").some(({ id }) => id === soft);
  const what = "the end of a late write";
  await first.until(() => refused() || !isRunning(counting), { ...patient, what });
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
  const leaseEnd = await hosts.leaseEnd();
  expect(await hosts.takenOver()).toBeGreaterThan(leaseEnd);
  const rested = () => monotonic() - at > 3 * thresholdMs;
  await waitFor(rested, { deadlineMs: within(4 * thresholdMs) });
  for (const pid of pids) signal(pid, "SIGCONT");
  const runs = [soft, hard].map((job) => ({ job, pid: hosts.firstPid(job) }));
  // refused at its first write, or ended before it came to one
  for (const { job, pid } of runs) {
    const refused = () => first.events("job-refused").some((line) => line.job === job);
    const what = "a refusal";
    await first.until(() => refused() || !isRunning(pid), { what, deadlineMs: thresholdMs });
  }
  // and so is its process, that is registered no more
  for (const { pid } of runs) await first.until(() => !isRunning(pid), patient);
  expect(hosts.stories(soft).first.map(({ value }) => value)).not.toContain(items - 1);
  await hosts.workOn();
});
