// What the supervisor hears of runs: their beginnings at once, their ends once they are stored.

import type { Settlement } from "@queue-runtime/store";
import type { FromCommands } from "../../process/command-messages.ts";
import type { Run } from "./run.ts";

export class Told {
  readonly #tell: (message: FromCommands) => void;

  constructor(tell: (message: FromCommands) => void) {
    this.#tell = tell;
  }

  began(run: Run): void {
    this.#tell({ said: "began", commands: [run.live] });
  }

  changed(run: Run): void {
    this.#tell({ said: "changed", commands: [run.live] });
  }

  /** null: somebody else holds the job by now. One without a process was never heard of. */
  ended(run: Run, settlement: Settlement | null): void {
    if (!run.process) return;
    const { id, fence } = run.job;
    const end = settlement?.commandEnd ?? null;
    const outcome = settlement?.outcome ?? "released";
    this.#tell({ said: "ended", runs: [{ id, fence, outcome, end, ms: run.ms }] });
  }
}
