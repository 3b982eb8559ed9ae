// Which of the commands that somebody wants removed may go: nobody may lose what it waits for,
// unless it goes as well.

export interface Wanted {
  /** Those that could go, were it not for others. */
  readonly ids: readonly number[];
  /** Of each the jobs that wait for it. */
  readonly neededBy: ReadonlyMap<number, readonly number[]>;
}

/** The ids that have to stay, each with one that needs it. */
export function whoStays({ ids, neededBy }: Wanted): ReadonlyMap<number, number> {
  const going = new Set(ids);
  const stay = new Map<number, number>();
  // Whoever stays keeps those that it comes after.
  for (let before = -1; before !== stay.size; ) {
    before = stay.size;
    for (const id of going) {
      const by = neededBy.get(id)?.find((other) => !going.has(other));
      if (by === undefined) continue;
      going.delete(id);
      stay.set(id, by);
    }
  }
  return stay;
}
