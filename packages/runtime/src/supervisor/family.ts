// The supervisor's children: one for each role the configuration asks for, replaced when they die,
// exchanged as a whole on reload, ended together.

import type { Evidence, News, ProcessEnd, Store } from "@queue-runtime/store";
import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import { type Timetable, timetable } from "../process/deadline.ts";
import { exitCodes } from "../process/exit-codes.ts";
import type { CodeFacts } from "../process/messages.ts";
import { monotonic } from "../process/monotonic.ts";
import type { StoreHealth, StoreUser } from "../service/store-health.ts";
import { announce, register, watchBoot } from "./family/birth.ts";
import { BootError, ending } from "./family/boot-error.ts";
import { Child } from "./family/child.ts";
import { newPlace, newPlaces, type Place } from "./family/place.ts";
import { commandsRole } from "./family/roles.ts";
import type { Recovery } from "./recovery.ts";

/** So often may a first child die or hang without a word before the configuration is blamed. */
const bootTries = 3;

export interface FamilyOptions {
  readonly store: Store;
  readonly log: Log;
  readonly health: StoreHealth;
  readonly recovery: Recovery;
  readonly supervisorId: () => number;
  readonly commands: CommandsKeeper;
}

/** Who knows the commands that run, whoever runs them. */
export interface CommandsKeeper {
  /** A child that runs commands was born. */
  raised(child: Child): void;
  /** Ends the groups of all that run. */
  killAll(): void;
}

export class Family {
  readonly #options: FamilyOptions;
  readonly #registering: StoreUser;
  #config: Config;
  #places: Place[] = [];
  /** That of the child that runs commands: filled when there are some, kept over reloads. */
  #commands: Place | null = null;
  /** Every child whose process has not been buried yet, of whatever generation. */
  readonly #living = new Set<Child>();
  readonly #burials = new Set<Promise<void>>();
  #ending: Timetable | null = null;
  /** Killed in the midst of their jobs, for no fault of theirs. */
  readonly #cutShort = new WeakSet<Child>();
  #unconfirmed = 0;
  #quiet = false;
  #leaseLost = false;

  constructor(config: Config, options: FamilyOptions) {
    this.#config = config;
    this.#options = options;
    this.#registering = options.health.user();
  }

  get #all(): readonly Place[] {
    return this.#commands ? [...this.#places, this.#commands] : this.#places;
  }

  get children(): readonly Child[] {
    return [...this.#living];
  }

  get isReady(): boolean {
    return this.#places.every(({ child }) => child?.state === "ready");
  }

  /** What its code says; null where no child has any. */
  get code(): CodeFacts | null {
    return this.#places.map(({ child }) => child?.code).find(Boolean) ?? null;
  }

  /** Starts the first generation. @throws BootError when it cannot boot */
  async start(): Promise<void> {
    this.#places = newPlaces(this.#config);
    await this.#bringUp(this.#places, this.#config);
  }

  /** New children first; only when all are ready the old ones go. @throws BootError */
  async reload(config: Config): Promise<number> {
    const places = newPlaces(config);
    try {
      await this.#bringUp(places, config);
    } catch (error) {
      for (const place of places) {
        place.dropped = true;
        place.child?.kill();
      }
      throw error;
    }
    if (this.#ending) throw new BootError("the runtime is stopping", exitCodes.ok);
    const old = this.#places;
    this.#places = places;
    this.#config = config;
    for (const place of old) this.#retire(place);
    if (!config.commands && this.#commands) this.#retire(this.#commands);
    if (!config.commands) this.#commands = null;
    return places.length;
  }

  /** The first command is there. Later calls change nothing. */
  startCommands(): void {
    if (!this.#config.commands || this.#commands || this.#ending) return;
    this.#commands = newPlace(commandsRole(this.#config.commands));
    void this.#fill(this.#commands);
  }

  setQuiet(on: boolean): void {
    this.#quiet = on;
    for (const child of this.#living) child.setQuiet(on);
  }

  tell(news: News): void {
    for (const child of this.#living) child.tell(news);
  }

  setLeaseLost(lost: boolean): void {
    this.#leaseLost = lost;
    for (const child of this.#living) child.setLeaseLost(lost);
  }

  /** Those that still run something: others may soon run the same. */
  killRunning(why: string): void {
    for (const child of this.#living) {
      if (child.state === "gone" || this.#cutShort.has(child)) continue;
      if (child.started().length === 0) continue;
      this.#cutShort.add(child);
      this.replace(child, why);
    }
  }

  /** TERM to all of them, once; again with an earlier timetable to hasten them. */
  end(times: Timetable): void {
    this.#ending = times;
    for (const place of this.#all) clearTimeout(place.replacing);
    const late = times.kill <= monotonic();
    for (const child of this.#living) late ? child.kill() : child.terminate(times);
    // after who runs them: he would take it for their own end, or begin another one
    if (late) this.#options.commands.killAll();
  }

  /** For good: nobody is replaced after this. */
  killAll(): void {
    this.#ending ??= timetable(monotonic(), 0);
    for (const place of this.#all) clearTimeout(place.replacing);
    for (const child of this.#living) child.kill();
    this.#options.commands.killAll();
  }

  /** We end unexpectedly. Who runs commands stops by itself, and gives them the time of a TERM. */
  abandon(): void {
    for (const child of this.#living) if (child.role.kind !== "commands") child.kill();
  }

  /** Resolves when every child is gone and its jobs are handed over: false if that is not sure. */
  async gone(): Promise<boolean> {
    while (this.#living.size + this.#burials.size > 0) {
      await Promise.all([...this.#living].map((child) => child.exited));
      await Promise.all(this.#burials);
    }
    return this.#unconfirmed === 0;
  }

  /** A child that is no longer registered, or does not answer. */
  replace(child: Child, why: string): void {
    this.#options.log.report({ type: "child-killed", name: child.name, pid: child.pid, why });
    child.kill();
  }

  async #bringUp(places: readonly Place[], config: Config): Promise<void> {
    await Promise.all(places.map((place) => this.#bringUpOne(place, config)));
  }

  async #bringUpOne(place: Place, config: Config): Promise<void> {
    for (let tries = 1; ; tries++) {
      const child = await this.#spawn(place, config);
      await child.settled;
      if (child.state === "ready") return;
      if (child.failure) throw new BootError(child.failure.message, child.failure.exitCode);
      if (this.#ending || place.dropped) return;
      const end = await child.exited;
      // it has said why on its way out, and would say the same again
      const hopeless = end.how === "exit" && end.code === exitCodes.config;
      if (tries < bootTries && !hopeless) continue;
      const times = hopeless ? "" : ` ${tries} times`;
      throw new BootError(
        `${child.name} ${ending(end)}${times} while it started`,
        exitCodes.config,
      );
    }
  }

  async #spawn(place: Place, config: Config): Promise<Child> {
    const { log } = this.#options;
    if (this.#ending) throw new BootError("the runtime is stopping", exitCodes.ok);
    const child = new Child(place.role);
    child.quiet = this.#quiet;
    place.child = child;
    if (place.role.kind === "commands") this.#options.commands.raised(child);
    this.#living.add(child);
    const registered = register(child, this.#options);
    const burial = this.#buryInTime(place, child, registered);
    this.#burials.add(burial);
    void burial.finally(() => this.#burials.delete(burial));
    announce(child, log);
    await registered;
    watchBoot(child, config.process.startupTimeoutMs, log);
    if (this.#leaseLost) child.setLeaseLost(true);
    const { level, fd, pretty } = log.options;
    const { vacantSince } = place;
    const supervisorId = this.#options.supervisorId();
    await child.boot(config, { log: { level, fd, pretty }, vacantSince, supervisorId });
    return child;
  }

  /** A child may be gone before its row is there; the row must not outlive it. */
  async #buryInTime(place: Place, child: Child, registered: Promise<void>): Promise<void> {
    const end = await child.exited;
    await registered.catch(() => undefined);
    await this.#bury(place, child, end);
  }

  async #bury(place: Place, child: Child, end: ProcessEnd): Promise<void> {
    const { log } = this.#options;
    const unwanted = this.#ending !== null || place.dropped;
    const expected = child.handedOver || child.failure !== null || unwanted;
    log.report({ type: "child-exited", name: child.name, pid: child.pid, end, expected });
    if (child.wasReady) place.vacantSince = child.frozenMs === null ? monotonic() : null;
    // one that never got ready is seen to by whoever waits for it
    const replace = () => {
      if (place.child === child && child.wasReady) this.#replaceLater(place, child);
    };
    // commands outlive who ran them: the next one takes over what is known of them by then
    const first = child.role.kind !== "commands";
    if (first) replace();
    await this.#takeOver(child, end);
    if (!first) replace();
    this.#living.delete(child);
    child.close();
  }

  /**
   * What a child held that we killed at the end of its time was interrupted, and counts as nothing.
   */
  async #takeOver(child: Child, end: ProcessEnd): Promise<void> {
    if (child.handedOver || child.processId === 0) return;
    const byUs = this.#ending !== null || this.#cutShort.has(child);
    const evidence: Evidence = { end, started: byUs ? [] : child.started() };
    const until = () => this.#ending?.close ?? Number.POSITIVE_INFINITY;
    const process = { id: child.processId, name: child.name, kind: child.role.kind };
    if (!(await this.#options.recovery.recover(process, evidence, until))) this.#unconfirmed++;
  }

  #replaceLater(place: Place, child: Child | null): void {
    // a place that was retired meanwhile, or whose runtime ends, stays empty
    if (this.#ending || !this.#all.includes(place)) return;
    const livedMs = child ? monotonic() - child.startedAt : 0;
    const served = child?.wasReady ?? false;
    const delayMs = child?.handedOver ? 0 : place.backOff.died(livedMs, served);
    this.#options.log.report({ type: "child-replaced", name: place.role.name, delayMs });
    place.replacing = setTimeout(() => void this.#fill(place), delayMs);
  }

  /** A later child that cannot boot is tried again and again: the others go on meanwhile. */
  async #fill(place: Place): Promise<void> {
    const { log } = this.#options;
    try {
      const child = await this.#spawn(place, this.#config);
      this.#registering.succeeded();
      await child.settled;
      const { name, pid, failure } = child;
      if (failure) log.report({ type: "child-failed", name, pid, message: failure.message });
      if (!child.wasReady) this.#replaceLater(place, child);
    } catch (error) {
      if (!this.#ending) this.#registering.failed(error);
      this.#replaceLater(place, null);
    }
  }

  #retire(place: Place): void {
    clearTimeout(place.replacing);
    const { child } = place;
    if (!child) return;
    const times = timetable(monotonic(), this.#config.shutdownTimeoutMs);
    child.terminate(times);
    const timer = setTimeout(() => {
      this.#cutShort.add(child);
      child.kill();
    }, times.kill - monotonic());
    void child.exited.then(() => clearTimeout(timer));
  }
}
