// What is kept of a run: what the machine is, and every figure.

import type { PartResult } from "../harness/part.ts";
import type { Facts } from "./facts.ts";

export interface Report {
  readonly facts: Facts;
  /** That was measured; null outside a checkout. */
  readonly commit: string | null;
  readonly scale: number;
  readonly results: readonly PartResult[];
}
