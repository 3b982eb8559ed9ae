// A runtime under load whose database is about to get into trouble, and what has to be true of it
// afterwards, whatever the trouble was.

import { expect } from "vitest";
import { contradictions, type Kill } from "./crash-check.ts";
import { CrashProject } from "./crash-project.ts";
import { Load, type LoadOptions } from "./load.ts";
import { jobsAtRest } from "./postgres/history.ts";
import { childrenOf } from "./proc.ts";
import { monotonic, type RuntimeProcess } from "./runtime-process.ts";
import { type WaitOptions, waitFor } from "./wait-for.ts";

/** Long before anybody is thought dead: what a host does then is another story. */
const patient = { heartbeat_interval: "500ms", alive_threshold: "15s", startup_timeout: "30s" };

export const besieged = {
  workers: [{ name: "default", processes: 2, threads: 1, concurrency: 2 }],
  process: patient,
  log: { level: "info" },
};

export interface SiegeOptions {
  /** Keys of queue.yml, over those above. */
  readonly config?: object;
  readonly load?: LoadOptions;
  /** How the load reaches the store; as the runtime does by default. */
  readonly loadUrl?: string;
}

export interface Expectation {
  /** How often the store was away; each may be said once by each process. */
  readonly outages: number;
  /** Processes that were killed on purpose; none by default. */
  readonly kills?: readonly Kill[];
  /** To read the tables by; that of the runtime by default. */
  readonly url?: string;
}

export class Siege implements AsyncDisposable {
  readonly project: CrashProject;
  readonly runtime: RuntimeProcess;
  readonly load: Load;
  readonly #children: readonly number[];

  private constructor(project: CrashProject, runtime: RuntimeProcess, load: Load) {
    this.project = project;
    this.runtime = runtime;
    this.load = load;
    this.#children = childrenOf(runtime.pid);
  }

  /** Jobs are being run when it resolves. */
  static async of(store: string, options: SiegeOptions = {}): Promise<Siege> {
    const { config, load, loadUrl = store } = options;
    const project = new CrashProject({ ...besieged, ...config, store });
    try {
      const runtime = await project.start().ready();
      const siege = new Siege(project, runtime, await Load.on(loadUrl, load));
      await siege.goesOn();
      return siege;
    } catch (error) {
      await project[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Enqueues an urgent job; answers how many milliseconds it took until it began. */
  async goesOn(options: WaitOptions = {}): Promise<number> {
    const since = monotonic();
    const what = "an urgent job to begin";
    const id = await this.load.urgent();
    const begun = () => this.project.story(id, "began")[0];
    const { at } = await this.runtime.until(begun, { what, everyMs: 10, ...options });
    return at - since;
  }

  /** How often each process said that the store is in trouble, or well again. */
  said(event: "store-trouble" | "store-well"): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { process = "" } of this.runtime.events(event)) {
      counts[process] = (counts[process] ?? 0) + 1;
    }
    return counts;
  }

  /** Ends the load, waits for all jobs, and looks for anything that is not as it should be. */
  async survives({ outages, kills = [], url }: Expectation): Promise<void> {
    const { load, project, runtime } = this;
    await load.stop();
    const jobs = await jobsAtRest(url ?? project.url);
    const acknowledged = load.known(jobs);
    const evidence = { acknowledged, jobs, records: project.records(), kills };
    expect(contradictions(evidence).slice(0, 10)).toEqual([]);
    expect(load.torn(jobs)).toEqual([]);
    if (kills.length === 0) expect(childrenOf(runtime.pid)).toEqual(this.#children);
    const settled = () =>
      runtime.events("store-well").length >= runtime.events("store-trouble").length;
    await waitFor(settled, { what: "everybody to say that the store is well again" });
    const troubles = this.said("store-trouble");
    expect(Math.max(0, ...Object.values(troubles))).toBeLessThanOrEqual(outages);
    expect(this.said("store-well")).toEqual(troubles);
    expect(runtime.events("process-pruned")).toEqual([]);
    expect(runtime.text).toEqual([]);
    expect(await runtime.stop()).toMatchObject({ code: 0 });
    expect(project.pids()).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.load.stop();
    await this.project[Symbol.asyncDispose]();
  }
}
