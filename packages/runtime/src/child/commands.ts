// Runs commands: claims what has a slot, starts it, watches it, settles its end. It loads no job
// code and stays small, because starting a process costs the more the larger the one is that does
// it.
//
// Signals of people do not come through here: the supervisor knows every process group and sends
// them itself, so that an action has happened when its answer is out. This process is told before,
// so that it knows whose doing an end was.

import type { News, Retention, Settlement, Store } from "@queue-runtime/store";
import type { CommandsConfig } from "../config.ts";
import type { Log } from "../log.ts";
import type { FromCommands, ToCommands } from "../process/command-messages.ts";
import type { Timetable } from "../process/deadline.ts";
import { BegunRuns } from "../process/runs/begun-runs.ts";
import { isAway, type StoreHealth } from "../service/store-health.ts";
import type { Service } from "../service.ts";
import { Appetite } from "../worker/claims/appetite.ts";
import { Turns } from "../worker/turns.ts";
import { CommandClaims } from "./commands/claims.ts";
import { Course } from "./commands/course.ts";
import { CommandDrain } from "./commands/drain.ts";
import { Callbacks } from "./commands/ended/callbacks.ts";
import { reportEnd } from "./commands/ended/report-end.ts";
import { StaleOutput } from "./commands/ended/stale-output.ts";
import { GroupSlots } from "./commands/group-slots.ts";
import { Launcher } from "./commands/launcher.ts";
import { Ledger } from "./commands/ledger.ts";
import { Orphans } from "./commands/orphans.ts";
import { Requests } from "./commands/requests.ts";
import { InputPipes } from "./commands/run/input-pipes.ts";
import { OomWatch } from "./commands/run/oom.ts";
import { prepareFolder } from "./commands/run/output.ts";
import { OutputLimit } from "./commands/run/output-limit.ts";
import type { Run } from "./commands/run.ts";
import { Runs } from "./commands/runs.ts";
import { Survivors } from "./commands/survivors.ts";
import { Told } from "./commands/told.ts";

/** A backstop: what comes into the store is seen at once. */
const pollMs = 1_000;
/** Where nothing runs, every so many polls look. */
const idlePollsPerLook = 5;

export interface CommandsOptions {
  readonly config: CommandsConfig;
  readonly processId: number;
  /** It holds what another process of this host left behind. */
  readonly supervisorId: number;
  /** After so long without a heartbeat others take over; milliseconds. */
  readonly aliveThresholdMs: number;
  /** For how long commands that ended are kept, and their output with them. */
  readonly retention: Retention;
  readonly store: Store;
  readonly health: StoreHealth;
  readonly log: Log;
  readonly tell: (message: FromCommands) => void;
  /** This process cannot go on: it lost its registration. */
  readonly giveUp: (cause: string) => void;
}

export class Commands implements Service {
  readonly options: CommandsOptions;
  config: CommandsConfig;
  readonly runs: Runs;
  readonly slots: GroupSlots = new GroupSlots();
  readonly told: Told;
  readonly requests: Requests;
  readonly course: Course = new Course(this);
  readonly ledger: Ledger;
  readonly claims: CommandClaims;
  readonly turns: Turns;
  readonly launcher: Launcher;
  readonly outputs: OutputLimit;
  readonly oom: OomWatch = new OomWatch();
  /** null before the service starts and after it ends. */
  begun: BegunRuns | null = null;
  readonly #pipes: InputPipes;
  readonly #appetite: Appetite;
  readonly #survivors: Survivors;
  readonly #orphans: Orphans;
  readonly #drain: CommandDrain;
  readonly #callbacks: Callbacks;
  readonly #stale: StaleOutput;
  #idlePolls = 0;
  #quiet = false;
  #leaseLost = false;
  #started = false;

  constructor(options: CommandsOptions) {
    const { store, health, log, tell } = options;
    this.options = options;
    this.config = options.config;
    this.told = new Told(tell);
    this.runs = new Runs({
      killGraceMs: () => this.config.killGraceMs,
      changed: (run) => this.told.changed(run),
      signalled: () => {
        this.#survivors.hasten();
        this.#drain.changed();
      },
    });
    const mayBegin = () => this.mayBegin;
    this.requests = new Requests({ claims: () => this.claims, runs: this.runs, mayBegin, tell });
    this.ledger = new Ledger({
      store,
      lost: (held) => this.course.lost(held),
      settled: (settlements) => this.course.settled(settlements),
    });
    const { processId, supervisorId } = options;
    this.#orphans = new Orphans({ store, slots: this.slots, processId, supervisorId });
    this.claims = this.#makeClaims();
    this.turns = new Turns(this.ledger, health, this.claims);
    this.#pipes = new InputPipes({ log, otherwise: () => this.config.output });
    this.#pipes.start();
    this.launcher = this.#makeLauncher();
    // a lock that ends by its time is announced by nobody
    const isIdle = () => {
      const isQuiet = this.runs.size === 0 && !this.#orphans.some;
      return isQuiet && ++this.#idlePolls % idlePollsPerLook !== 0;
    };
    this.#appetite = new Appetite({ store, pollMs, isIdle, look: () => this.look() });
    this.outputs = new OutputLimit({
      limitBytes: () => this.config.outputLimitBytes,
      files: () => this.runs.open.flatMap(({ output }) => output),
      looked: () => this.#looked(),
    });
    this.#callbacks = new Callbacks({ store, log, config: () => this.config });
    const { retention } = options;
    this.#stale = new StaleOutput({ store, folder: () => this.config.output, retention });
    this.#survivors = this.#makeSurvivors();
    this.#drain = new CommandDrain({
      runs: this.runs,
      turns: () => this.turns,
      log,
      close: () => this.#close(),
      callbacks: (until) => this.#callbacks.finish(until),
    });
  }

  async start(): Promise<void> {
    prepareFolder(this.config.output);
    const { health, supervisorId } = this.options;
    await health.insist(() => this.#orphans.find(), { goOn: isAway });
    await this.#survivors.adopt(supervisorId);
    if (this.#drain.begun) return;
    // only now: a process before us may have had our pid, and its notes are read by then
    this.begun = new BegunRuns(this.config.output);
    this.#started = true;
    this.#appetite.start();
    this.#stale.start();
    this.look();
  }

  hear(news: News): void {
    if (this.#started) this.#appetite.hear(news);
  }

  /** The supervisor has a word for this service alone. */
  take(message: ToCommands): void {
    if (message.say === "signalled") for (const run of message.runs) this.runs.signalled(run);
    else if (message.say === "configure") this.config = message.config;
    else if (message.say === "adopt") void this.#survivors.adopt(message.from);
    else void this.requests.take(message);
  }

  quiet(on: boolean): void {
    this.#quiet = on;
    if (on) this.#beginNothing();
    else this.look();
  }

  leaseLost(lost: boolean): void {
    this.#leaseLost = lost;
    if (!lost) return this.look();
    this.#beginNothing();
    // between two thirds of the threshold, which is now, and its end
    const graceMs = Math.min(this.config.killGraceMs, this.options.aliveThresholdMs / 6);
    for (const run of this.runs.open) this.runs.terminate(run, "shutdown", graceMs);
  }

  async stop(times: Timetable, cause: string): Promise<boolean> {
    const stored = await this.#drain.run(times, cause);
    this.#appetite.stop();
    await this.#pipes.close();
    // what is not stored by now is found by it
    if (stored) this.begun?.close();
    this.begun = null;
    return stored;
  }

  get mayBegin(): boolean {
    return this.#started && !this.#quiet && !this.#leaseLost && !this.#drain.begun;
  }

  /** A command may be ready, a slot free, or somebody may want one cancelled. */
  look(): void {
    if (!this.#started) return;
    if (!this.#drain.begun) {
      this.claims.look();
      this.#callbacks.look();
    }
    if (this.runs.size > 0) this.turns.request({ look: true });
  }

  /** An end as it is to be stored. */
  owed(settlement: Settlement): Settlement {
    return this.#callbacks.owed(settlement);
  }

  /** A run is over and that is stored. */
  ended(run: Run, settlement: Settlement): void {
    reportEnd(this.options.log, run, settlement);
    this.#callbacks.ended(run, settlement);
  }

  /** One run less. */
  changed(): void {
    this.#drain.changed();
  }

  /** Several times a second while something runs. */
  #looked(): void {
    this.oom.look();
    for (const { stdin } of this.runs.open) stdin?.pulse();
  }

  #close(): void {
    this.#stale.stop();
    this.#beginNothing();
  }

  #beginNothing(): void {
    this.claims.pause();
    this.launcher.handBack();
  }

  #makeSurvivors(): Survivors {
    const { runs, slots, told, options } = this;
    const { store, health, log, processId } = options;
    const end = () => this.config.onCrash === "end";
    const course = () => this.course;
    const folder = () => this.config.output;
    const rest = { store, health, log, processId, folder };
    return new Survivors({ runs, slots, told, course, end, ...rest });
  }

  #makeLauncher(): Launcher {
    return new Launcher({
      log: this.options.log,
      pipes: this.#pipes,
      begun: () => this.begun,
      config: () => this.config,
      mayBegin: () => this.mayBegin,
      began: (run, child) => this.course.began(run, child),
      settle: (run, settlement) => this.course.settle(run, settlement),
      release: (run) => this.course.release(run),
    });
  }

  #makeClaims(): CommandClaims {
    const { processId, store, health, log, giveUp } = this.options;
    return new CommandClaims({
      processId,
      store,
      health,
      slots: this.slots,
      count: () => this.#orphans.count(),
      mayBegin: () => this.mayBegin,
      request: () => this.turns.request({ look: true }),
      claimed: (jobs, commands) => this.course.claimed(jobs, commands),
      held: () => this.course.held,
      lost: (held) => this.course.lost(held),
      cancelRequested: (id) => this.course.cancel(id),
      evicted: () => {
        log.report({ type: "worker-evicted" });
        for (const { job } of this.runs.open) this.course.lost(job);
        giveUp("no longer registered");
      },
    });
  }
}
