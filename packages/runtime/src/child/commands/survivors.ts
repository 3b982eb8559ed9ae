// Commands that outlived the process that began them. They are no children of ours: nobody tells us
// their end, so they are looked at once a second, and closely after a signal. How one ended cannot
// be known; unless somebody here ended it, its job is failed as `lost`, and runs again only if it
// has retries left.

import type { CommandJob, Store } from "@queue-runtime/store";
import type { Log } from "../../log.ts";
import { isAlive } from "../../process/identity.ts";
import { slotsOf, sweepMarked } from "../../process/process-group.ts";
import { forgetBegun, readBegun } from "../../process/runs/begun-runs.ts";
import { begunAmong, findUnnoted, notesOf } from "../../process/runs/unnoted-runs.ts";
import { isAway, type StoreHealth } from "../../service/store-health.ts";
import type { Course } from "./course.ts";
import type { GroupSlots } from "./group-slots.ts";
import { unseen } from "./run/ending.ts";
import { outputPaths } from "./run/output.ts";
import { Run } from "./run.ts";
import type { Runs } from "./runs.ts";
import type { Told } from "./told.ts";

const everyMs = 1_000;
/** After a signal, in milliseconds; doubled each time. */
const closelyMs = 2;
/** What is to be said of a survivor is said within so many milliseconds. */
const toldMs = 50;

export interface SurvivorsOptions {
  readonly store: Store;
  readonly health: StoreHealth;
  readonly log: Log;
  readonly processId: number;
  readonly runs: Runs;
  readonly slots: GroupSlots;
  readonly told: Told;
  readonly course: () => Course;
  /** Of their output. */
  readonly folder: () => string;
  /** Whether they are ended, instead of looked after. */
  readonly end: () => boolean;
}

export class Survivors {
  readonly #options: SurvivorsOptions;
  readonly #runs = new Set<Run>();
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = everyMs;

  constructor(options: SurvivorsOptions) {
    this.#options = options;
  }

  /** Takes over what the supervisor holds for us. */
  async adopt(supervisorId: number): Promise<void> {
    const { store, health, processId, folder } = this.#options;
    const call = () => store.commands.adopt(supervisorId, processId);
    const jobs = await this.#known(await health.insist(call, { goOn: isAway }));
    // all of them first: nobody gets a number anew that another one has had all the time
    const had = jobs.map((job) => this.#slotsOf(job));
    const gone = begunAmong(jobs, jobs.length > 0 ? readBegun(folder()) : []);
    for (const [at, job] of jobs.entries()) this.#take(job, had[at]!, gone.has(job.id));
    forgetBegun(folder());
    // the supervisor may know whose doing an end is, and says so when it hears of them
    this.#pauseMs = toldMs;
    this.#arm();
  }

  /** A signal was sent: it may be over any moment. */
  hasten(): void {
    if (this.#runs.size === 0) return;
    this.#pauseMs = closelyMs;
    this.#arm();
  }

  /** The supervisor has looked for them, too, and may have lost the store before it noted them. */
  async #known(jobs: readonly CommandJob[]): Promise<readonly CommandJob[]> {
    const { store, health } = this.#options;
    const found = findUnnoted(jobs);
    if (found.size === 0) return jobs;
    const note = () => store.commands.began(notesOf(jobs, found));
    await health.insist(note, { goOn: isAway });
    return jobs.map((job) => ({ ...job, command: { ...job.command, ...found.get(job.id) } }));
  }

  #slotsOf({ queue, command }: CommandJob): readonly number[] {
    const { process, slot, slots } = command;
    const had = (process && slotsOf(process.pid)) ?? [slot ?? 0];
    return this.#options.slots.retake(queue, had.slice(0, slots));
  }

  /** `gone`: it had a process once. */
  #take(job: CommandJob, had: readonly number[], gone: boolean): void {
    const { runs, slots, told, log, course, end } = this.#options;
    const { command } = job;
    const numbers = [...had, ...slots.take(job.queue, command.slots - had.length)];
    const run = new Run({ job, command, numbers, adopted: true });
    runs.add(run);
    const { process } = command;
    if (job.cancelRequested) run.blame("person");
    if (!process) return gone ? course().end(run, unseen) : course().release(run);
    run.process = process;
    run.paused = command.paused;
    run.signals.push(...command.signalsSent);
    run.startedAt = job.startedAt ?? 0;
    run.output = outputPaths(this.#options.folder(), run);
    this.#runs.add(run);
    told.began(run);
    course().watch(run);
    log.report({ type: "command-adopted", job, pid: process.pid, policy: end() ? "end" : "adopt" });
    // somebody was told to end it, and died of something else first
    if (job.cancelRequested) runs.terminate(run, "person");
    else if (end()) runs.terminate(run, null);
  }

  #look(): void {
    for (const run of this.#runs) {
      if (!run.over && isAlive(run.process!)) continue;
      this.#runs.delete(run);
      sweepMarked(run.process!.pid, run.id);
      void this.#ended(run);
    }
    this.#arm();
  }

  /** Whose doing it was may have been written while nobody was there to be told. */
  async #ended(run: Run): Promise<void> {
    const { store, health, course } = this.#options;
    const call = () => store.commands.find(run.id);
    const row = await health.insist(call, { goOn: isAway }).catch(() => null);
    if (row?.fence === run.job.fence) {
      if (row.cancelRequested) run.blame("person");
      const { signalsSent } = row.command;
      if (signalsSent.length > run.signals.length) run.noteAll(signalsSent);
    }
    course().end(run, unseen);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#runs.size === 0) return;
    this.#timer = setTimeout(() => this.#look(), this.#pauseMs);
    this.#pauseMs = Math.min(everyMs, this.#pauseMs * 2);
  }
}
