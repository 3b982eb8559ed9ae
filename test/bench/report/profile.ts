// Where the time of the measured processes went: their CPU profiles, added up by function.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

const shown = 25;

/** The functions with the most time of their own in each process that was busy. */
export function topFunctions(folder: string): string {
  const profiles = readdirSync(folder).map((name) => selfTimes(join(folder, name)));
  return profiles
    .map((times) => ({ times, busy: sum(times) - (times.get("(idle)") ?? 0) }))
    .filter(({ busy }) => busy > 100)
    .sort((a, b) => b.busy - a.busy)
    .map(({ times, busy }) => `\n${busy.toFixed(0)} ms busy\n${lines(times)}`)
    .join("\n");
}

function lines(times: ReadonlyMap<string, number>): string {
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, shown)
    .map(([name, ms]) => `${ms.toFixed(1).padStart(10)} ms  ${name}`)
    .join("\n");
}

function sum(times: ReadonlyMap<string, number>): number {
  return [...times.values()].reduce((total, ms) => total + ms, 0);
}

function selfTimes(file: string): Map<string, number> {
  const profile = JSON.parse(readFileSync(file, "utf8")) as Profile;
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  profile.samples.forEach((id, index) => {
    const name = names.get(id)!;
    times.set(name, (times.get(name) ?? 0) + profile.timeDeltas[index]! / 1_000);
  });
  return times;
}

function nameOf(frame: Profile["nodes"][number]["callFrame"]): string {
  const { functionName, url, lineNumber } = frame;
  if (url === "") return functionName || "(anonymous)";
  const place = url.replace(/^.*\/(?=packages\/|node_modules\/)/, "");
  return `${functionName || "(anonymous)"} ${place}:${lineNumber + 1}`;
}
