// The course of runs, from their claim until their end is stored. A slot is free again only then:
// what the end means for others (its group is paused, those that come after it are ready or failed)
// is decided in the same transaction, and the next one must begin by it.

import type { ChildProcess } from "node:child_process";
import { setImmediate as nextRound } from "node:timers/promises";
import type { Held, Job, RunnableCommand, Settlement } from "@queue-runtime/store";
import { sweepGroup } from "../../process/process-group.ts";
import type { Commands } from "../commands.ts";
import type { Start } from "./launcher.ts";
import { type Exit, settlementOf } from "./run/ending.ts";
import { Run } from "./run.ts";

export class Course {
  readonly #commands: Commands;
  readonly #settling = new Map<Run, Settlement>();

  constructor(commands: Commands) {
    this.#commands = commands;
  }

  get held(): readonly Held[] {
    return this.#commands.runs.open.map(({ job: { id, fence } }) => ({ id, fence }));
  }

  /** Takes their slots, and starts them. */
  claimed(jobs: readonly Job[], commands: readonly RunnableCommand[]): void {
    const rows = new Map(commands.map((row) => [row.id, row]));
    const starts: Start[] = [];
    for (const job of jobs) {
      const row = rows.get(job.id);
      if (row) starts.push({ run: this.#hold(job, row), environment: row.environment });
      else this.#commands.turns.settle({ id: job.id, fence: job.fence, outcome: "released" });
    }
    if (starts.length > 0) this.#commands.launcher.launch(starts);
  }

  #hold(job: Job, { command }: RunnableCommand): Run {
    const { slots, runs } = this.#commands;
    const run = new Run({ job, command, numbers: slots.take(job.queue, command.slots) });
    runs.add(run);
    return run;
  }

  began(run: Run, child: ChildProcess): void {
    const { options, told, turns, ledger, requests, begun } = this.#commands;
    child.once("exit", (code, signal) => void this.#exited(run, { code, signal }));
    child.on("error", () => undefined);
    this.watch(run);
    options.log.report({ type: "command-started", job: run.job, pid: child.pid ?? 0 });
    told.began(run);
    const { id, fence } = run.job;
    const slot = run.numbers[0] ?? 0;
    const written = ledger.began({ id, fence, process: run.process!, slot });
    requests.began(id, written);
    void written.then(() => begun?.known(run.job));
    turns.request({ look: true });
  }

  /** Also one that another process began. */
  watch(run: Run): void {
    const { runs, outputs } = this.#commands;
    const { timeoutMs } = run.command;
    if (timeoutMs !== null) run.limit(timeoutMs, () => runs.terminate(run, "timeout"));
    outputs.watch();
  }

  async #exited(run: Run, exit: Exit): Promise<void> {
    // now and never later: the number of the group is free for others from here on
    sweepGroup(run.process!.pid);
    const { oom, outputs } = this.#commands;
    run.stdin?.destroy();
    outputs.ended(run.output);
    // what the supervisor said before it sent a signal is read by then
    await nextRound();
    await nextRound();
    this.end(run, exit, () => oom.takeVictim());
  }

  end(run: Run, exit: Exit, byOom: () => boolean = () => false): void {
    this.settle(run, settlementOf(run, exit, byOom));
  }

  settle(run: Run, end: Settlement): void {
    if (run.over) return;
    const settlement = this.#commands.owed(end);
    run.end();
    if (run.cause === "lost") return this.#forget(run);
    this.#settling.set(run, settlement);
    if (!run.process) this.#commands.requests.neverBegan(run.id, settlement);
    this.#commands.turns.settle(settlement);
  }

  /** It has no process, and will not get one. */
  release(run: Run): void {
    const { id, fence } = run.job;
    const outcome = run.cause === "person" ? "cancelled" : "released";
    this.settle(run, { id, fence, outcome });
  }

  cancel(id: number): void {
    const run = this.#commands.runs.at(id);
    if (run?.cause !== "person" && run) this.#commands.runs.terminate(run, "person");
  }

  /** Somebody else holds the job: two must not run it, so this one ends at once. */
  lost(held: Held): void {
    const { runs, options } = this.#commands;
    const run = runs.find(held);
    if (!run || run.over) return;
    options.log.report({ type: "job-refused", job: run.job, reason: "lost" });
    run.blame("lost");
    runs.kill(run);
    if (!run.process) this.settle(run, { ...held, outcome: "released" });
  }

  settled(settlements: readonly Settlement[]): void {
    const { runs, told } = this.#commands;
    for (const settlement of settlements) {
      const run = runs.find(settlement);
      if (!run || this.#settling.get(run) !== settlement) continue;
      told.ended(run, settlement);
      this.#forget(run);
      this.#commands.ended(run, settlement);
    }
    this.#commands.claims.look();
  }

  #forget(run: Run): void {
    const { runs, slots, told } = this.#commands;
    if (!this.#settling.delete(run)) told.ended(run, null);
    slots.give(run.job.queue, run.numbers);
    runs.delete(run);
    this.#commands.changed();
  }
}
