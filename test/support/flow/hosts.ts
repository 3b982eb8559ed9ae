// Two runtimes on one store, and whoever is after them: workers, services and supervisors are
// killed, or stopped in mid-air for longer than anybody waits for them. Who loses its supervisor
// gets another, as from a service manager.

import type { Kill } from "../crash-check.ts";
import { type CrashProject, signal } from "../crash-project.ts";
import { within } from "../pace.ts";
import { childrenOf, titleOf } from "../proc.ts";
import type { Recorded } from "../project.ts";
import { monotonic, type RuntimeProcess } from "../runtime-process.ts";
import { waitFor } from "../wait-for.ts";
import type { Freeze } from "./evidence.ts";

/** After so long without an answer, in milliseconds, a process counts as frozen. */
const thresholdMs = 1_500;

export const underFire = {
  workers: [{ processes: 2, threads: 1, concurrency: 2 }],
  scheduler: {},
  process: { heartbeat_interval: "250ms", alive_threshold: `${thresholdMs}ms` },
  log: { level: "warn" },
};

/** Jobs that need slots. */
const limited = ["flow.one", "flow.three", "flow.both", "flow.count"];

interface Host {
  readonly name: string;
  runtime: RuntimeProcess;
  /** Its supervisor is stopped in mid-air. */
  frozen: boolean;
}

type Victim = "worker" | "service" | "supervisor" | "frozen worker" | "frozen host";

export class Hosts {
  readonly kills: Kill[] = [];
  readonly freezes: Freeze[] = [];
  readonly counts: Partial<Record<Victim, number>> = {};
  /** Workers that were killed while they ran what needs a slot, as far as could be seen. */
  holders = 0;
  readonly #project: CrashProject;
  readonly #random: () => number;
  readonly #hosts: Host[] = [];
  readonly #thaws: Promise<void>[] = [];
  readonly #stopped = new Set<number>();

  constructor(project: CrashProject, random: () => number) {
    this.#project = project;
    this.#random = random;
  }

  async start(): Promise<void> {
    for (const name of ["left", "right"]) {
      this.#project.configureAs(`${name}.yml`, { control: { socket: `./${name}.sock` } });
      this.#hosts.push({ name, runtime: this.#project.startAs(`${name}.yml`), frozen: false });
    }
    await this.ready();
  }

  /**
   * One of those that have something to lose, and never the last that works: who is not there cannot
   * make mistakes.
   */
  async strike(): Promise<void> {
    const busy = this.#hosts.filter((host) => !host.frozen && this.#workersOf(host).length > 0);
    const host = this.#pick(busy);
    if (!host) return;
    const dice = this.#random();
    if (dice < 0.2) return this.#kill("service", this.#pick(this.#servicesOf(host)));
    if (busy.flatMap((each) => this.#workersOf(each)).length < 2) return;
    const worker = this.#pick(this.#workersOf(host));
    if (dice < 0.35 && busy.length === 2) return await this.#behead(host);
    if (dice < 0.45 && busy.length === 2) return this.#freezeHost(host, worker);
    if (dice < 0.6) this.#freeze("frozen worker", [worker]);
    else this.#kill("worker", worker);
  }

  /** Nobody is frozen any more, and both have all their workers. */
  async heal(): Promise<void> {
    await Promise.all(this.#thaws);
    await this.ready();
  }

  async ready(): Promise<void> {
    const whole = (host: Host) =>
      this.#childrenOf(host, "worker").length === 2 && this.#servicesOf(host).length > 0;
    for (const host of this.#hosts) {
      const what = `all children of the host ${host.name}`;
      await host.runtime.until(() => whole(host), {
        what,
        deadlineMs: within(15_000),
        everyMs: 20,
      });
    }
  }

  /** Both runtimes end in good order; answers their exit codes. */
  async stop(): Promise<(number | null)[]> {
    const exits = this.#hosts.map(({ runtime }) => runtime.stop());
    return (await Promise.all(exits)).map(({ code }) => code);
  }

  #childrenOf({ runtime }: Host, title: string): number[] {
    return childrenOf(runtime.pid).filter(
      (pid) => titleOf(pid).startsWith(`runtime ${title}`) && !this.#stopped.has(pid),
    );
  }

  /** Those that have run something: first those that are just running what needs a slot. */
  #workersOf(host: Host): number[] {
    const words = this.#lastWords();
    const worked = this.#childrenOf(host, "worker").filter((pid) => words.has(pid));
    const holders = worked.filter((pid) => isHolding(words.get(pid)));
    return holders.length > 0 ? holders : worked;
  }

  #lastWords(): Map<number, Recorded> {
    return new Map(this.#project.records().map((word) => [word.pid, word]));
  }

  #servicesOf(host: Host): number[] {
    return [...this.#childrenOf(host, "dispatcher"), ...this.#childrenOf(host, "scheduler")];
  }

  #kill(what: Victim, pid: number | undefined): void {
    if (pid === undefined) return;
    this.#count(what);
    if (isHolding(this.#lastWords().get(pid))) this.holders += 1;
    this.kills.push({ pid, at: monotonic() });
    signal(pid, "SIGKILL");
  }

  async #behead(host: Host): Promise<void> {
    this.#kill("supervisor", host.runtime.pid);
    await host.runtime.ended();
    host.runtime = this.#project.startAs(`${host.name}.yml`);
  }

  /** Nobody is left there who could end the frozen worker: the other host has to prune it. */
  #freezeHost(host: Host, worker: number | undefined): void {
    host.frozen = true;
    this.#freeze("frozen host", [host.runtime.pid, worker]).then(() => {
      host.frozen = false;
    });
  }

  #freeze(what: Victim, pids: readonly (number | undefined)[]): Promise<void> {
    const there = pids.filter((pid) => pid !== undefined);
    if (there.length === 0) return Promise.resolve();
    this.#count(what);
    const thaw = this.#frozen(there, monotonic());
    this.#thaws.push(thaw);
    return thaw;
  }

  async #frozen(pids: readonly number[], from: number): Promise<void> {
    for (const pid of pids) {
      this.#stopped.add(pid);
      signal(pid, "SIGSTOP");
    }
    const long = 1.5 * thresholdMs + 500;
    await waitFor(() => monotonic() - from > long, { everyMs: 20 });
    for (const pid of pids) {
      this.freezes.push({ pid, from, until: monotonic() });
      signal(pid, "SIGCONT");
      this.#stopped.delete(pid);
    }
  }

  #count(what: Victim): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  #pick<T>(all: readonly T[]): T | undefined {
    return all[Math.floor(this.#random() * all.length)];
  }
}

function isHolding(last: Recorded | undefined): boolean {
  const atWork = last?.event === "began" || last?.event === "item";
  return atWork && limited.includes(last.name ?? "");
}
