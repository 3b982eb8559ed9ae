// The supervisor: one per runtime. Boots, looks after its children, stops. It runs no job and holds
// one state, in memory; whoever asks (a signal, the control API) is answered from it at once.

import { hostname } from "node:os";
import { type Beat, type News, type Store, systemClock } from "@queue-runtime/store";
import { onExit } from "signal-exit";
import { shownStore } from "./config/shown-store.ts";
import type { Config } from "./config.ts";
import type { LiveCommands } from "./control/live-commands.ts";
import { type ControlServer, serveControl } from "./control/server.ts";
import type { ControlTarget, RuntimeDescription } from "./control/target.ts";
import type { Log } from "./log.ts";
import { loadHooks } from "./modules.ts";
import { exitCodes } from "./process/exit-codes.ts";
import { identify, rssOf } from "./process/identity.ts";
import { monotonic } from "./process/monotonic.ts";
import type { SignalName, Signals } from "./process/signals.ts";
import { runMoment } from "./service/moments.ts";
import { StoreHealth } from "./service/store-health.ts";
import { adviseBeforeBoot, adviseWhenReady } from "./supervisor/advice.ts";
import { Commands } from "./supervisor/commands.ts";
import { Enrolment } from "./supervisor/enrolment.ts";
import { Family } from "./supervisor/family.ts";
import { Heart } from "./supervisor/heart.ts";
import { Newsroom } from "./supervisor/news.ts";
import { obey } from "./supervisor/obey.ts";
import { Recovery } from "./supervisor/recovery.ts";
import { Reloads } from "./supervisor/reloads.ts";
import { Settings } from "./supervisor/settings.ts";
import { Shutdown } from "./supervisor/shutdown.ts";
import { UntilEmpty } from "./supervisor/until-empty.ts";

export interface SupervisorOptions {
  readonly log: Log;
  readonly signals: Signals;
  /** End when nothing is left to do. */
  readonly untilEmpty: boolean;
  /** Reads the configuration anew, for a reload; rejects when it does not check out. */
  readonly reread: () => Promise<Config>;
}

export class Supervisor implements ControlTarget {
  config: Config;
  readonly options: SupervisorOptions;
  readonly startedAt: number = systemClock.now();
  #commands: Commands | undefined;
  #store: Store | undefined;
  readonly #began = monotonic();
  #state: RuntimeDescription["state"] = "starting";
  #news: Newsroom | undefined;
  #settings: Settings | undefined;
  #recovery: Recovery | undefined;
  #family: Family | undefined;
  #heart: Heart | undefined;
  #control: ControlServer | undefined;
  #emptiness: UntilEmpty | undefined;
  readonly #health: StoreHealth;
  readonly #enrolment: Enrolment;
  readonly #reloads: Reloads;
  readonly #shutdown: Shutdown;
  #ended: ((exitCode: number) => void) | undefined;
  readonly #isOver = () => this.#shutdown.begun;

  constructor(config: Config, options: SupervisorOptions) {
    this.config = config;
    this.options = options;
    const { log, reread } = options;
    this.#health = new StoreHealth(log);
    this.#shutdown = new Shutdown(log, () => this.config.shutdownTimeoutMs);
    const isOver = this.#isOver;
    this.#enrolment = new Enrolment({ config, log, health: this.#health, isOver });
    const current = () => this.config;
    this.#reloads = new Reloads({ log, reread, current, exchange: (next) => this.#exchange(next) });
  }

  /** Resolves to the exit code when everything is over. */
  async run(): Promise<number> {
    const { promise: ended, resolve } = Promise.withResolvers<number>();
    this.#ended = resolve;
    onExit(() => this.#family?.abandon());
    this.options.signals.deliver((name) => this.#take(name));
    try {
      // a stop does not wait for what the boot waits for
      return await Promise.race([this.#boot().then(() => ended), ended]);
    } catch (error) {
      if (!this.#shutdown.begun) return await this.#giveUp(error);
    }
    return await ended;
  }

  // What the control API asks

  /** The control API is served when there is one. */
  get store(): Store {
    if (!this.#store) throw new Error("the store is not open yet");
    return this.#store;
  }

  get commands(): LiveCommands | null {
    return this.config.commands ? (this.#commands ?? null) : null;
  }

  describe(): RuntimeDescription {
    const self = { beat: this.#beat, pid: process.pid };
    const all = [self, ...(this.#family?.children ?? [])];
    return {
      pid: process.pid,
      host: hostname(),
      startedAt: this.startedAt,
      state: this.#state,
      processes: all.map(({ beat, pid }) => ({ ...beat, pid })),
    };
  }

  async stop(): Promise<void> {
    this.#stop("runtime stop");
  }

  quiet(on: boolean): void {
    if (this.#shutdown.begun) return;
    this.#state = on ? "quiet" : "running";
    this.options.log.report({ type: "runtime-quiet", on });
    this.#family?.setQuiet(on);
  }

  reload(): Promise<void> {
    return this.#reloads.request();
  }

  wrote(): void {
    this.#recovery?.released();
  }

  isReady(): boolean {
    return !this.#shutdown.begun && this.#state !== "starting" && this.#family?.isReady === true;
  }

  // Boot

  async #boot(): Promise<void> {
    const { config, options } = this;
    const { log } = options;
    process.title = `runtime supervisor ${config.file}`;
    adviseBeforeBoot(log);
    log.report({ type: "runtime-starting", file: config.file, store: shownStore(config.store) });
    const store = await this.#enrolment.enter();
    this.#store = store;
    if (this.#shutdown.begun) return;
    const recovery = new Recovery(store, log, this.#health);
    this.#recovery = recovery;
    const commands = this.#knowCommands(store, recovery);
    await recovery.sweep(identify(process.pid), config.shutdownTimeoutMs + 1_000);
    if (config.hooks) await loadHooks(config.hooks);
    // a stop that came during the boot finds no child to wait for, and nothing is begun after it
    if (this.#shutdown.begun) return;
    await this.#hooks("onStart");
    if (this.#shutdown.begun) return;
    this.#control = await serveControl(config.control, this);
    if (this.#shutdown.begun) return;
    await this.#bringUp(store, recovery, commands);
  }

  #knowCommands(store: Store, recovery: Recovery): Commands {
    const given = { store, log: this.options.log, health: this.#health };
    const supervisorId = () => this.#enrolment.id;
    const start = () => this.#family?.startCommands();
    const commands = new Commands({ ...given, supervisorId, start, isOver: this.#isOver });
    recovery.inherit = (from) => commands.inherit(from);
    commands.configure(this.config);
    this.#commands = commands;
    return commands;
  }

  async #bringUp(store: Store, recovery: Recovery, commands: Commands): Promise<void> {
    const { log, untilEmpty } = this.options;
    const supervisorId = () => this.#enrolment.id;
    const given = { store, log, health: this.#health, recovery, commands, supervisorId };
    const family = new Family(this.config, given);
    this.#family = family;
    family.setQuiet(this.#state === "quiet");
    const self = () => this.#beat;
    const others = () => recovery.orphanBeats();
    const forgotten = () => this.#enrolment.register(store);
    const config = this.config.process;
    this.#heart = new Heart({ ...given, config, family, self, others, forgotten });
    this.#heart.start();
    this.#settings = new Settings(given);
    await this.#settings.beforeWorkers(this.config);
    if (this.#shutdown.begun) return;
    await family.start();
    await this.#settings.withCode(this.config, family.code);
    if (this.#shutdown.begun) return;
    if (this.#state === "starting") this.#state = "running";
    const children = family.children.length;
    log.report({ type: "runtime-ready", children, ms: monotonic() - this.#began });
    const tell = (news: News) => {
      family.tell(news);
      commands.hear();
      this.#emptiness?.hear();
    };
    recovery.released = () => store.shared && tell("ready");
    this.#news = new Newsroom({ ...given, tell });
    this.#health.onWell = () => this.#news?.renew();
    this.#news.open(this.config);
    commands.watch();
    void adviseWhenReady(store, log);
    if (untilEmpty)
      this.#emptiness = new UntilEmpty(store, log, () => this.#stop("nothing is left to do"));
  }

  /** The boot failed: whatever stands is taken down at once, and the reason is the last line. */
  async #giveUp(error: unknown): Promise<number> {
    this.#state = "stopping";
    this.#family?.killAll();
    await this.#family?.gone();
    await this.#takeDown();
    throw error;
  }

  // Signals

  #take(name: SignalName): void {
    obey(name, {
      shutdown: this.#shutdown,
      isQuiet: () => this.#state === "quiet",
      stop: (cause, advance) => this.#stop(cause, advance),
      quiet: (on) => this.quiet(on),
      reload: () => void this.reload().catch(() => undefined),
    });
  }

  async #exchange(config: Config): Promise<number> {
    const family = this.#family;
    if (!family || this.#shutdown.begun || this.#state === "starting") {
      throw new Error("the runtime is starting or stopping; reload it when it runs");
    }
    const children = await family.reload(config);
    this.#heart?.beat();
    this.config = config;
    this.#commands?.configure(config);
    this.#news?.open(config);
    await this.#settings?.beforeWorkers(config);
    await this.#settings?.withCode(config, family.code);
    return children;
  }

  // Stop

  #stop(cause: string, advance: () => void = () => this.#shutdown.begin()): void {
    const first = !this.#shutdown.begun;
    advance();
    if (first) void this.#end(cause).then(this.#ended);
    else this.#family?.end(this.#shutdown.times);
  }

  async #end(cause: string): Promise<number> {
    const { log } = this.options;
    const began = monotonic();
    this.#state = "stopping";
    log.report({ type: "runtime-stopping", cause, timeoutMs: this.config.shutdownTimeoutMs });
    this.#emptiness?.close();
    const stopHooks = this.#hooks("onStop");
    await this.#shutdown.briefly(stopHooks);
    this.#family?.end(this.#shutdown.times);
    const kill = this.#shutdown.at("kill", () => this.#family?.killAll());
    const gone = await this.#shutdown.by("close", this.#family?.gone() ?? Promise.resolve(true));
    kill.cancel();
    await this.#shutdown.by("close", stopHooks.then(yes));
    await this.#shutdown.by("close", this.#hooks("onExit").then(yes));
    const clean = (await this.#shutdown.atLast(this.#takeDown())) && gone;
    const exitCode = clean ? exitCodes.ok : exitCodes.unconfirmed;
    log.report({ type: "runtime-stopped", exitCode, ms: monotonic() - began });
    return exitCode;
  }

  /** In the opposite order of the boot. */
  async #takeDown(): Promise<boolean> {
    await this.#heart?.stop();
    this.#news?.close();
    this.#commands?.close();
    this.#recovery?.close();
    const clean = await this.#enrolment.leave();
    await this.#control?.close();
    return clean;
  }

  get #beat(): Beat {
    return { id: this.#enrolment.id, state: this.#state, rssBytes: rssOf(process.pid) };
  }

  async #hooks(name: "onStart" | "onStop" | "onExit"): Promise<void> {
    const { shutdownTimeoutMs } = this.config;
    const end = this.#shutdown.begun ? this.#shutdown.times.close : null;
    const self = { kind: "supervisor", name: "supervisor", processId: this.#enrolment.id } as const;
    await runMoment(name, self, { log: this.options.log, shutdownTimeoutMs, end });
  }
}

const yes = () => true;
