// What a check finds, and the words for amounts. A check finds at least one thing.

import type { Diagnosis } from "../../store.ts";

export type Finding = Pick<Diagnosis, "status" | "detail">;

export type Findings = Promise<readonly Finding[]>;

export function ok(detail: string): Finding {
  return { status: "ok", detail };
}

export function warning(detail: string): Finding {
  return { status: "warning", detail };
}

export function wrong(detail: string): Finding {
  return { status: "error", detail };
}

/** Such as 12,345. */
export function many(amount: number): string {
  return Math.round(amount).toLocaleString("en-US");
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}

/** Such as 0.4 s, 12 min or 3 h. */
export function period(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(0)} h`;
}
