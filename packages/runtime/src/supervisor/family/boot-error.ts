// Why a runtime cannot boot, as far as its children say or show.

import type { ProcessEnd } from "@queue-runtime/store";

/** A configuration that cannot boot: what the first generation ends with. */
export class BootError extends Error {
  override readonly name = "BootError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** How a child ended, for a sentence. */
export function ending(end: ProcessEnd): string {
  if (end.how !== "exit") return "hung";
  return end.signal ? `was ended by ${end.signal}` : `ended with exit code ${end.code}`;
}
