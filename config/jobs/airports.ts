// The long one: every airport of a real CSV file, one item per row. Stop the runtime in the middle
// of it and start it again: it goes on with the next row. Each row leaves a line in
// data/airports.jsonl.

import { appendFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { defineIteration, enumerators } from "queue-runtime";

/** 3,376 airports of the United States, from the package `vega-datasets`. */
const file = join(
  dirname(createRequire(import.meta.url).resolve("vega-datasets")),
  "../data/airports.csv",
);
const rowCount = 3_376;
const folder = join(import.meta.dirname, "../data");

export const importAirports = defineIteration({
  name: "airports.import",
  queue: "imports",
  checkpoint: { every: "1s" },
  buildEnumerator: (_input: { pauseMs?: number } | null, { cursor }) => ({
    ...enumerators.csv(file, { cursor }),
    // a file does not tell its rows before it is read; the progress bar wants to know
    size: rowCount - ((cursor as { row: number } | null)?.row ?? 0),
  }),
  async eachIteration(airport, { job, fence }) {
    const { pauseMs = 4 } = (job.args ?? {}) as { pauseMs?: number };
    await setTimeout(pauseMs);
    const km = Math.round(distanceKm(airport, { latitude: "52.52", longitude: "13.405" }));
    write({
      iata: airport.iata,
      km,
      fence,
      pid: process.pid,
      at: performance.timeOrigin + performance.now(),
    });
  },
  onComplete: () => ({ rows: rowCount }),
});

function write(line: object): void {
  mkdirSync(folder, { recursive: true });
  appendFileSync(join(folder, "airports.jsonl"), `${JSON.stringify(line)}\n`);
}

/** Along a great circle (haversine). */
function distanceKm(a: Record<string, string>, b: Record<string, string>): number {
  const [lat1, lon1, lat2, lon2] = [a.latitude, a.longitude, b.latitude, b.longitude].map(
    (degrees) => (Number(degrees) * Math.PI) / 180,
  ) as [number, number, number, number];
  const h =
    Math.sin((lat2 - lat1) / 2) ** 2 +
    Math.cos(lat1) * Math.cos(lat2) * Math.sin((lon2 - lon1) / 2) ** 2;
  return 2 * 6_371 * Math.asin(Math.sqrt(h));
}
