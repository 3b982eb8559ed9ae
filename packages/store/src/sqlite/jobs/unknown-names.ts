// Ready jobs that nobody has code for: they wait, and somebody should be told. Commands need none.

import { commandName } from "../../store/command.ts";
import type { Driver } from "../driver.ts";
import { allLanes, ready, suspects } from "../turn/lanes.ts";

const known = `SELECT DISTINCT value FROM processes, json_each(processes.names)
  WHERE processes.kind = 'worker'`;

const countOf = (source: { index: string; where: string }): string =>
  `SELECT count(*) FROM jobs INDEXED BY ${source.index}
  WHERE ${source.where} AND queue = ? AND name = ?`;

/** By name. */
export function unknownNames(driver: Driver): readonly { name: string; ready: number }[] {
  const names = new Set(
    (driver.tuples(known).all() as unknown as [string][]).map(([name]) => name),
  );
  names.add(commandName);
  const counts = new Map<string, number>();
  for (const source of [ready, suspects])
    for (const { queue, name } of allLanes(driver, source)) {
      if (names.has(name)) continue;
      const waiting = driver.value(countOf(source), queue, name) as number;
      counts.set(name, (counts.get(name) ?? 0) + waiting);
    }
  return [...counts]
    .map(([name, waiting]) => ({ name, ready: waiting }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
