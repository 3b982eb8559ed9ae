// Which commands begin: those at the head of their groups, as far as there are slots, and those
// that a person starts by force. One look at a time: what it chose is claimed by id in the next
// turn, and a pause, a kill or an edit that was stored in between wins, because a claim only takes
// what is ready.

import { isDeepStrictEqual } from "node:util";
import {
  type Claim,
  type CommandGroupSettings,
  commandName,
  type Held,
  type Job,
  type QueuedCommand,
  type RunnableCommand,
  type Store,
  type TurnAnswer,
} from "@queue-runtime/store";
import type { StoreHealth, StoreUser } from "../../service/store-health.ts";
import type { TurnsOwner } from "../../worker/turns.ts";
import type { GroupSlots } from "./group-slots.ts";

/** Commands of one group in one look, and those in one claim. */
const mostOfGroup = 100;
const mostAtOnce = 500;
/** Others were just looking at what was to be claimed: milliseconds until we look again. */
const inTheWayMs = 50;

export interface ClaimsOptions {
  readonly processId: number;
  readonly store: Store;
  readonly health: StoreHealth;
  readonly slots: GroupSlots;
  /** Counts the slots that others have. */
  readonly count: () => Promise<void>;
  readonly mayBegin: () => boolean;
  /** A turn from now on: one that is under way has asked for its claim already. */
  readonly request: () => void;
  /** Takes their slots. */
  readonly claimed: (jobs: readonly Job[], commands: readonly RunnableCommand[]) => void;
  readonly held: () => readonly Held[];
  readonly lost: (run: Held) => void;
  readonly cancelRequested: (id: number) => void;
  readonly evicted: () => void;
}

export class CommandClaims implements TurnsOwner {
  readonly #options: ClaimsOptions;
  readonly #health: StoreUser;
  /** By force, with whom to tell that it cannot be. */
  readonly #forced = new Map<number, (refusal: string) => void>();
  #chosen: readonly number[] = [];
  /** Of the last look. */
  #settings: readonly CommandGroupSettings[] = [];
  #claiming = false;
  #looking = false;
  #hungry = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: ClaimsOptions) {
    this.#options = options;
    this.#health = options.health.user();
  }

  get processId(): number {
    return this.#options.processId;
  }

  /** Something may be ready, or a slot free. */
  look(): void {
    this.#hungry = true;
    if (!this.#looking) void this.#choose();
  }

  /** Nothing more is begun, for now or for good. */
  pause(): void {
    this.#chosen = [];
    clearTimeout(this.#retry);
    for (const refuse of this.#forced.values()) refuse("the runtime begins nothing now");
    this.#forced.clear();
  }

  /** Whatever the slots and pauses are. `refuse` is called when it is not ready to run. */
  force(id: number, refuse: (why: string) => void): void {
    this.#forced.set(id, refuse);
    this.#options.request();
  }

  async #choose(): Promise<void> {
    const { mayBegin } = this.#options;
    this.#looking = true;
    try {
      while (this.#hungry && mayBegin() && !this.#isClaiming) {
        this.#hungry = false;
        this.#chosen = await this.#next();
        this.#health.succeeded();
        if (this.#chosen.length > 0) this.#options.request();
      }
    } catch (error) {
      this.#lookIn(this.#health.failed(error));
    }
    this.#looking = false;
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.look(), ms);
  }

  get #isClaiming(): boolean {
    return this.#claiming || this.#chosen.length > 0;
  }

  async #next(): Promise<readonly number[]> {
    const { store, slots, count } = this.#options;
    await count();
    const last = this.#settings;
    // they change seldom: beside them comes what fits if they did not, which spares a round trip
    const [settings, likely] = await Promise.all([
      store.commands.groupSettings(),
      this.#heads(this.#open(last)),
    ]);
    this.#settings = settings;
    const open = this.#open(settings);
    const heads = isDeepStrictEqual(settings, last) ? likely : await this.#heads(open);
    return slots
      .fitting(heads, open)
      .slice(0, mostAtOnce)
      .map(({ id }) => id);
  }

  #open(settings: readonly CommandGroupSettings[]): readonly CommandGroupSettings[] {
    return settings.filter((group) => !group.paused && this.#options.slots.free(group) > 0);
  }

  async #heads(open: readonly CommandGroupSettings[]): Promise<readonly QueuedCommand[]> {
    if (open.length === 0) return [];
    const { store, slots } = this.#options;
    const most = (group: CommandGroupSettings) => Math.min(mostOfGroup, slots.free(group));
    const wishes = open.map((group) => ({ name: group.name, limit: most(group) }));
    return await store.commands.queued(wishes);
  }

  // What the turns ask and tell

  wanted(): Claim | null {
    if (!this.#options.mayBegin() || this.#claiming) return null;
    const claim = { queues: [], names: [commandName], idle: true };
    const forced = [...this.#forced.keys()].slice(0, mostAtOnce);
    if (forced.length > 0) {
      return { ...claim, limit: forced.length, ids: forced, evenPaused: true };
    }
    const ids = this.#chosen;
    return ids.length > 0 ? { ...claim, limit: ids.length, ids } : null;
  }

  asked(): void {
    this.#claiming = true;
  }

  held(): readonly Held[] {
    return this.#options.held();
  }

  claimed({ claimed, commands, more }: TurnAnswer, claim: Claim): void {
    if (claim.evenPaused) this.#answerForced(claimed, claim.ids ?? []);
    else this.#chosen = [];
    this.#options.claimed(claimed, commands);
    this.#claiming = false;
    if (this.#forced.size > 0 || this.#chosen.length > 0) this.#options.request();
    if (claimed.length > 0 || this.#hungry) this.look();
    else if (more) this.#lookIn(inTheWayMs);
  }

  #answerForced(claimed: readonly Job[], ids: readonly number[]): void {
    const got = new Set(claimed.map(({ id }) => id));
    for (const id of ids) {
      if (!got.has(id)) this.#forced.get(id)?.("it is not ready to run");
      this.#forced.delete(id);
    }
  }

  refused(id: number, fence: number): void {
    this.#options.lost({ id, fence });
  }

  cancelRequested(id: number): void {
    this.#options.cancelRequested(id);
  }

  evicted(): void {
    this.#options.evicted();
  }

  madeReady(): void {
    this.look();
  }

  /** What a lost turn was to claim is chosen anew. */
  wellAgain(): void {
    this.#claiming = false;
    this.#chosen = [];
    this.look();
    if (this.#forced.size > 0) this.#options.request();
  }
}
