// What the supervisor knows of commands: those that run now, in one table in memory, with their
// process groups in reach. Whoever asks is answered from it, and a signal has been sent when the
// answer is out; nothing polls, nothing waits for a process to end. Processes are started, written
// to and watched by the child that runs them (see child/commands.ts), which is started when the
// first command is there.

import { setTimeout as delay } from "node:timers/promises";
import type { Store } from "@queue-runtime/store";
import type { Config } from "../config.ts";
import type { LiveAnswer, LiveCommand, LiveCommands, LiveEvent } from "../control/live-commands.ts";
import type { Log } from "../log.ts";
import type { FromCommands } from "../process/command-messages.ts";
import { reachGroup, signalGroup } from "../process/process-group.ts";
import type { StoreHealth } from "../service/store-health.ts";
import { FirstSight } from "./commands/first-sight.ts";
import { inherit } from "./commands/inherit.ts";
import { Requests } from "./commands/requests.ts";
import { answerOf, does, isSame, signalsOf } from "./commands/signals.ts";
import { Touches } from "./commands/touches.ts";
import type { Child } from "./family/child.ts";
import type { CommandsKeeper } from "./family.ts";
import type { Departed } from "./recovery.ts";

/** The longest that whoever ends commands is kept waiting for their ends, in milliseconds. */
const endedMs = 100;

export interface CommandsOptions {
  readonly store: Store;
  readonly log: Log;
  readonly health: StoreHealth;
  readonly supervisorId: () => number;
  /** Starts the child that runs commands, if it is not there. */
  readonly start: () => void;
  /** The runtime ends, so nobody will look after commands. */
  readonly isOver: () => boolean;
}

interface Deeds {
  readonly signals: readonly NodeJS.Signals[];
  readonly kill: boolean;
}

export class Commands implements LiveCommands, CommandsKeeper {
  readonly #options: CommandsOptions;
  readonly #running = new Map<number, LiveCommand>();
  /** What people did to those that run: known beyond the life of the child that was told so. */
  readonly #deeds = new Map<number, Deeds>();
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  readonly #requests: Requests;
  readonly #touches: Touches;
  readonly #sight: FirstSight;
  #child: Child | null = null;
  #config: Config | null = null;

  constructor(options: CommandsOptions) {
    this.#options = options;
    const { store, health, start } = options;
    this.#requests = new Requests(() => this.#ready);
    this.#touches = new Touches(store, health);
    this.#sight = new FirstSight({ store, health, seen: start });
  }

  /** Again with that of a reload: what runs goes on. */
  configure(config: Config): void {
    const began = this.#config !== null;
    this.#config = config;
    if (config.commands) this.#ready?.say({ say: "configure", config: config.commands });
    if (began) this.watch();
  }

  /** From now on the first command is noticed. */
  watch(): void {
    if (!this.#config?.commands) this.#sight.close();
    else if (!this.#child || this.#child.state === "gone") this.#sight.open();
  }

  /** Of a store that hosts share, which is watched elsewhere. */
  hear(): void {
    this.#sight.hear();
  }

  close(): void {
    this.#sight.close();
  }

  // The child

  raised(child: Child): void {
    this.#child = child;
    this.#sight.close();
    child.hearCommands = (message) => this.#hear(message);
    void child.settled.then(() => {
      const config = this.#config?.commands;
      if (child.state !== "ready") return;
      // what has changed since it was told what it is
      if (config) child.say({ say: "configure", config });
      this.#requests.sendAll();
    });
    void child.exited.then(() => this.#requests.giveUp());
  }

  get #ready(): Child | null {
    return this.#child?.state === "ready" ? this.#child : null;
  }

  #hear(message: FromCommands): void {
    if (message.said === "answered") this.#requests.answered(message);
    else if (message.said === "ended") for (const run of message.runs) this.#ended(run);
    else {
      const type = message.said === "began" ? "started" : "changed";
      for (const each of message.commands) {
        const command = type === "started" ? this.#repeat(each) : each;
        this.#running.set(command.id, command);
        this.#emit({ type, command });
      }
    }
  }

  /** What people did to a survivor, also when nobody was there to be told, or to be written to. */
  #repeat(command: LiveCommand): LiveCommand {
    const known = this.#running.get(command.id);
    const deeds = this.#deeds.get(command.id);
    if (!known || !deeds || !isSame(known, command)) return command;
    const { id, fence, process } = command;
    const { paused, signalsSent } = known;
    // it speaks of survivors before it is ready, and hears by then
    const runs = [{ id, fence, ...deeds, paused, signalsSent }];
    this.#child?.say({ say: "signalled", runs });
    this.#touches.note({ id, fence, process, paused, signalsSent, killed: deeds.kill });
    return { ...command, paused, signalsSent };
  }

  #ended(run: Extract<FromCommands, { said: "ended" }>["runs"][number]): void {
    const command = this.#running.get(run.id);
    if (command?.fence !== run.fence) return;
    this.#running.delete(run.id);
    this.#deeds.delete(run.id);
    const { outcome, end, ms } = run;
    this.#emit({ type: "ended", command, outcome, end, ms });
  }

  #emit(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  // What the desk asks

  look(): void {
    if (!this.#config?.commands || this.#options.isOver()) return;
    this.#options.start();
    this.#ready?.tell("ready");
  }

  running(): ReadonlyMap<number, LiveCommand> {
    return this.#running;
  }

  kill(ids: readonly number[]): {
    readonly answers: readonly LiveAnswer[];
    readonly ended: Promise<void>;
  } {
    const answers = this.#act(ids, ["SIGTERM"], true);
    const done = answers.filter(({ outcome }) => outcome === "done").map(({ id }) => id);
    const ended = Promise.race([this.#over(done), delay(endedMs, undefined, { ref: false })]);
    return { answers, ended };
  }

  signal(ids: readonly number[], signal: NodeJS.Signals): readonly LiveAnswer[] {
    return this.#act(ids, [signal], false);
  }

  pause(ids: readonly number[], on: boolean): readonly LiveAnswer[] {
    return this.#act(ids, [on ? "SIGSTOP" : "SIGCONT"], false);
  }

  start(ids: readonly number[]): Promise<readonly LiveAnswer[]> {
    if (!this.#config?.commands || this.#options.isOver()) {
      const error = "this runtime begins no commands now";
      return Promise.resolve(ids.map((id) => ({ id, outcome: "refused", error })));
    }
    this.#options.start();
    return this.#requests.start(ids);
  }

  async send(
    id: number,
    { bytes, eof }: { readonly bytes: Buffer; readonly eof: boolean },
  ): Promise<LiveAnswer> {
    if (!this.#running.has(id)) return answerOf(id, null);
    return await this.#requests.send(id, bytes, eof);
  }

  stored(): Promise<void> {
    return this.#touches.written();
  }

  subscribe(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** One after the other, in this very step of the event loop. */
  #act(
    ids: readonly number[],
    wanted: readonly NodeJS.Signals[],
    kill: boolean,
  ): readonly LiveAnswer[] {
    return ids.map((id) => {
      const command = this.#running.get(id);
      if (!command) return answerOf(id, null);
      const reach = reachGroup(command.process);
      if (reach !== "sent") return answerOf(id, reach);
      const signals = signalsOf(command, wanted);
      const changed = does(command, signals);
      const { fence } = command;
      const runs = [{ id, fence, signals, paused: changed.paused, kill }];
      const tell = (): void => this.#child?.say({ say: "signalled", runs });
      // first, so that it knows whose doing the end is which it may see in a moment; a STOP ends
      // nobody, and has to be there before it is answered with a CONT
      const stops = signals.at(-1) === "SIGSTOP";
      if (!stops) tell();
      const delivery = signalGroup(command.process, signals);
      if (delivery !== "sent") return answerOf(id, delivery);
      if (stops) tell();
      const before = this.#deeds.get(id) ?? { signals: [], kill: false };
      const deeds = { signals: [...before.signals, ...signals], kill: before.kill || kill };
      this.#deeds.set(id, deeds);
      this.#running.set(id, changed);
      this.#touches.note({ ...changed, killed: deeds.kill });
      this.#emit({ type: "changed", command: changed });
      return answerOf(id, "sent");
    });
  }

  #over(ids: readonly number[]): Promise<void> {
    const left = new Set(ids);
    return new Promise((resolve) => {
      if (left.size === 0) return resolve();
      const stop = this.subscribe((event) => {
        if (event.type === "ended") left.delete(event.command.id);
        if (left.size > 0) return;
        stop();
        resolve();
      });
      return setTimeout(stop, endedMs).unref();
    });
  }

  // The end of processes

  killAll(): void {
    for (const { process } of this.#running.values()) signalGroup(process, ["SIGKILL"]);
  }

  /**
   * Takes over what a process left behind, and hands it on, or back if nobody will look after it.
   */
  async inherit(from: Departed): Promise<void> {
    if (from.kind !== "commands" && from.kind !== "supervisor") return;
    const { store, log, supervisorId, isOver, start } = this.#options;
    const keep = this.#config?.commands !== null && !isOver();
    const folder = this.#config?.commands?.output ?? null;
    const kept = await inherit({ store, log, from, to: supervisorId(), keep, folder });
    // those that survived are told of again by whoever looks after them
    if (from.id === this.#child?.processId) this.#forget(kept);
    if (kept.length > 0) this.#ready?.say({ say: "adopt", from: supervisorId() });
    if (kept.length > 0) start();
    // some may be ready again by our own hand, of which the store tells us nothing
    this.#ready?.tell("ready");
  }

  #forget(kept: readonly number[]): void {
    const survivors = new Set(kept);
    for (const [id, command] of this.#running) {
      if (survivors.has(id)) continue;
      this.#running.delete(id);
      this.#deeds.delete(id);
      this.#emit({ type: "ended", command, outcome: "released", end: null, ms: 0 });
    }
  }
}
