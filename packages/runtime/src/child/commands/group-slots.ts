// The slots of groups as far as this process fills them. How many a group has is for the store to
// say; lowering that ends nobody, and who was started by force may have a slot beyond it.

import type { CommandGroupSettings, QueuedCommand } from "@queue-runtime/store";

/** What another process of this host runs. */
export interface OtherRun {
  readonly group: string;
  readonly slots: number;
  /** The number of its first slot; null as long as it has not begun. */
  readonly first: number | null;
}

export class GroupSlots {
  readonly #taken = new Map<string, Set<number>>();
  /** Beside those of ours. */
  others: readonly OtherRun[] = [];

  taken(group: string): number {
    const others = this.others.filter((each) => each.group === group);
    const theirs = others.reduce((sum, { slots }) => sum + slots, 0);
    return (this.#taken.get(group)?.size ?? 0) + theirs;
  }

  free({ name, slots }: Pick<CommandGroupSettings, "name" | "slots">): number {
    return slots === 0 ? Number.POSITIVE_INFINITY : Math.max(0, slots - this.taken(name));
  }

  /** The lowest numbers that are free, whatever the limit is. */
  take(group: string, slots: number): readonly number[] {
    const taken = this.#taken.get(group) ?? new Set();
    this.#taken.set(group, taken);
    const theirs = new Set(this.others.filter((each) => each.group === group).map(firstOf));
    const numbers: number[] = [];
    for (let number = 0; numbers.length < slots; number++) {
      if (!taken.has(number) && !theirs.has(number)) numbers.push(number);
    }
    for (const number of numbers) taken.add(number);
    return numbers;
  }

  /** Of those that a run brings along which another process began, those that nobody has. */
  retake(group: string, had: readonly number[]): readonly number[] {
    const taken = this.#taken.get(group) ?? new Set();
    this.#taken.set(group, taken);
    const numbers = had.filter((number) => !taken.has(number));
    for (const number of numbers) taken.add(number);
    return numbers;
  }

  give(group: string, numbers: readonly number[]): void {
    const taken = this.#taken.get(group);
    for (const number of numbers) taken?.delete(number);
    if (taken?.size === 0) this.#taken.delete(group);
  }

  /**
   * Which of those that wait begin now, in their order. Nobody overtakes one that needs more slots
   * than are free; one that needs more than its group has runs alone.
   */
  fitting(
    waiting: readonly QueuedCommand[],
    groups: readonly CommandGroupSettings[],
  ): readonly QueuedCommand[] {
    const free = new Map(groups.map((group) => [group.name, this.free(group)]));
    const idle = new Set(groups.map(({ name }) => name).filter((name) => this.taken(name) === 0));
    return waiting.filter(({ group, slots }) => {
      const left = free.get(group) ?? 0;
      const fits = left > 0 && (slots <= left || idle.has(group));
      free.set(group, fits ? Math.max(0, left - slots) : 0);
      idle.delete(group);
      return fits;
    });
  }
}

function firstOf({ first }: OtherRun): number | null {
  return first;
}
