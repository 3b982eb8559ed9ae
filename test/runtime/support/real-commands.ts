// Commands that really run, as the desk sees them: claimed from the store, with processes of their
// own. Small: no grace, no time limits, no recovery.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { CommandEnd, Job, Store } from "@queue-runtime/store";
import type {
  LiveAnswer,
  LiveCommand,
  LiveCommands,
  LiveEvent,
} from "../../../packages/runtime/src/control/live-commands.ts";
import { outputFile } from "../../../packages/runtime/src/control/output/files.ts";
import { identify } from "../../../packages/runtime/src/process/identity.ts";

interface Run {
  command: LiveCommand;
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  killed: boolean;
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

export class RealCommands implements LiveCommands {
  readonly #store: Store;
  readonly #folder: string;
  readonly #runs = new Map<number, Run>();
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  readonly #begun = new Set<number>();
  #processId = 0;
  #work: Promise<unknown> = Promise.resolve();
  #over = false;

  constructor(store: Store, folder: string) {
    this.#store = store;
    this.#folder = folder;
  }

  async open(): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    const self = { ...identify(process.pid), kind: "commands", name: "commands" } as const;
    const { processes } = this.#store;
    this.#processId = await processes.register({ ...self, supervisorId: null, queues: [] });
    await processes.ready(this.#processId, ["command"]);
  }

  async close(): Promise<void> {
    this.#over = true;
    for (const { child } of this.#runs.values()) if (child.exitCode === null) endGroup(child.pid!);
    await Promise.all([...this.#runs.values()].map(({ ended }) => ended));
    await this.#work;
  }

  running(): ReadonlyMap<number, LiveCommand> {
    return new Map([...this.#runs].map(([id, { command }]) => [id, command]));
  }

  kill(ids: readonly number[]): { answers: readonly LiveAnswer[]; ended: Promise<void> } {
    const runs = ids.map((id) => this.#runs.get(id));
    for (const run of runs) if (run) run.killed = true;
    const answers = ids.map((id) => this.#send(id, "SIGTERM", (sent) => sent));
    const paused = ids.filter((id) => this.#runs.get(id)?.command.paused);
    this.pause(paused, false);
    const all = Promise.all(runs.map((run) => run?.ended));
    return { answers, ended: Promise.race([all, delay(100)]).then(() => undefined) };
  }

  signal(ids: readonly number[], signal: NodeJS.Signals): readonly LiveAnswer[] {
    return ids.map((id) => this.#send(id, signal, (command) => command));
  }

  pause(ids: readonly number[], on: boolean): readonly LiveAnswer[] {
    const signal = on ? "SIGSTOP" : "SIGCONT";
    return ids.map((id) => this.#send(id, signal, (command) => ({ ...command, paused: on })));
  }

  start(ids: readonly number[]): Promise<readonly LiveAnswer[]> {
    return this.#next(async () => {
      const begun = await this.#begin(ids, true);
      return ids.map((id): LiveAnswer => {
        if (begun.includes(id) || this.#begun.has(id)) return { id, outcome: "done" };
        return { id, outcome: "refused", error: "it is not ready" };
      });
    });
  }

  send(id: number, input: { bytes: Buffer; eof: boolean }): Promise<LiveAnswer> {
    const stdin = this.#runs.get(id)?.child.stdin;
    if (!stdin) return Promise.resolve({ id, outcome: "unknown", error: "it does not run" });
    const { promise, resolve } = Promise.withResolvers<LiveAnswer>();
    const done = () => resolve({ id, outcome: "done" });
    if (input.eof) stdin.end(input.bytes, done);
    else stdin.write(input.bytes, done);
    return promise;
  }

  look(): void {
    if (!this.#over) void this.#next(() => this.#fill());
  }

  async stored(): Promise<void> {
    await this.#work;
  }

  subscribe(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #next<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#work.then(work);
    this.#work = result.catch(() => undefined);
    return result;
  }

  #send(id: number, signal: NodeJS.Signals, change: (it: LiveCommand) => LiveCommand): LiveAnswer {
    const run = this.#runs.get(id);
    if (!run) return { id, outcome: "unknown", error: "it does not run" };
    process.kill(-run.command.process.pid, signal);
    run.command = { ...change(run.command), signalsSent: [...run.command.signalsSent, signal] };
    const { command } = run;
    void this.#next(() => this.#store.commands.touched([command]));
    this.#emit({ type: "changed", command });
    return { id, outcome: "done" };
  }

  async #fill(): Promise<void> {
    const { commands } = this.#store;
    const groups = (await commands.groupSettings()).map(({ name, slots }) => {
      const taken = [...this.#runs.values()].filter(({ command }) => command.group === name);
      return { name, limit: slots === 0 ? 100 : slots - taken.length };
    });
    const free = groups.filter(({ limit }) => limit > 0);
    const queued = free.length > 0 ? await commands.queued(free) : [];
    await this.#begin(
      queued.map(({ id }) => id),
      false,
    );
  }

  async #begin(ids: readonly number[], evenPaused: boolean): Promise<readonly number[]> {
    if (ids.length === 0 || this.#over) return [];
    const claim = { ids, evenPaused, limit: ids.length, queues: [], names: ["command"] };
    const turn = { settlements: [], checkpoints: [], claim: { ...claim, idle: true } };
    const answer = await this.#store.jobs.turn({ processId: this.#processId, ...turn });
    const { claimed, commands: runnable } = answer;
    for (const job of claimed) {
      const { command, environment } = runnable.find(({ id }) => id === job.id)!;
      const output = openSync(outputFile(this.#folder, { id: job.id, attempt: job.attempts }), "w");
      const child = spawn("sh", ["-c", command.line], {
        cwd: command.directory,
        env: environment,
        detached: true,
        stdio: ["pipe", output, output],
      });
      await this.#began(job, child, command.slots);
    }
    return claimed.map(({ id }) => id);
  }

  async #began(job: Job, child: ChildProcess, slots: number): Promise<void> {
    const ended = Promise.withResolvers<void>();
    child.on("exit", (exitCode, signal) => {
      void this.#next(() => this.#end(job, { exitCode, signal })).then(ended.resolve);
    });
    child.stdin?.on("error", () => undefined);
    const { pid, startTicks, bootId, host } = identify(child.pid!);
    const command: LiveCommand = {
      id: job.id,
      fence: job.fence,
      group: job.queue,
      slots,
      slot: this.#runs.size,
      process: { pid, startTicks, bootId, host },
      paused: false,
      signalsSent: [],
      startedAt: job.startedAt ?? 0,
    };
    this.#begun.add(job.id);
    this.#runs.set(job.id, { command, child, ended: ended.promise, killed: false });
    await this.#store.commands.began([command]);
    this.#emit({ type: "started", command });
  }

  async #end(job: Job, how: Pick<CommandEnd, "exitCode" | "signal">): Promise<void> {
    const { command, killed } = this.#runs.get(job.id)!;
    this.#runs.delete(job.id);
    const endedBy = killed ? "person" : "self";
    const commandEnd: CommandEnd = { ...how, endedBy, signalsSent: command.signalsSent };
    const what = { name: "CommandError", message: `exited with ${how.exitCode}` };
    const error = { ...what, code: null, stack: null, cause: null };
    const held = { id: job.id, fence: job.fence, commandEnd };
    const settlement = killed
      ? ({ ...held, outcome: "cancelled" } as const)
      : how.exitCode === 0
        ? ({ ...held, outcome: "finished", result: null } as const)
        : ({ ...held, outcome: "failed", error, retryDelayMs: null } as const);
    const turn = { settlements: [settlement], checkpoints: [], claim: null };
    await this.#store.jobs.turn({ processId: this.#processId, ...turn });
    const { outcome } = settlement;
    this.#emit({ type: "ended", command, outcome, end: commandEnd, ms: 1 });
    this.look();
  }

  #emit(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
