// Which part of the table of commands is meant by the first word of a line. Most lines are
// understood with one part of it, and the others need not be loaded.

import type { Command } from "./command.ts";

interface Table {
  /** The first words of its commands, other names included. */
  readonly words: readonly string[];
  readonly load: () => Promise<readonly Command[]>;
}

export const tables: readonly Table[] = [
  {
    words: "init check start stop shutdown quiet reload status processes".split(" "),
    load: async () => (await import("../commands/life.ts")).lifeCommands,
  },
  {
    words: "add log follow fo wait env group parallel".split(" "),
    load: async () => (await import("../commands/shell.ts")).shellCommands,
  },
  {
    words: (
      "start pause resume kill send stash enqueue restart re edit switch remove rm clean clear " +
      "cleanup reset"
    ).split(" "),
    load: async () => (await import("../commands/steering.ts")).steeringCommands,
  },
  {
    words: "enqueue jobs job why retry cancel discard".split(" "),
    load: async () => (await import("../commands/jobs.ts")).jobCommands,
  },
  {
    words: "queue concurrency batch".split(" "),
    load: async () => (await import("../commands/queues.ts")).queueCommands,
  },
  {
    words: ["recurring"],
    load: async () => (await import("../commands/recurring.ts")).recurringCommands,
  },
  {
    words: "migrate doctor completion completions".split(" "),
    load: async () => (await import("../commands/care.ts")).careCommands,
  },
];

/** In the order of help; null for a word that nobody knows. */
export async function commandsBehind(word: string): Promise<readonly Command[] | null> {
  const found = tables.filter(({ words }) => words.includes(word));
  if (found.length === 0) return null;
  return (await Promise.all(found.map(({ load }) => load()))).flat();
}
