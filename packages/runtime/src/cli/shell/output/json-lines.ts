// Followed output for programs: one JSON document per line, of a piece of output or of an end.

import { StringDecoder } from "node:string_decoder";
import type { CommandJob } from "@queue-runtime/store";
import { commandRow } from "../../../control/rows/command-row.ts";
import type { Output } from "../../terminal/output.ts";
import { jsonText } from "../../terminal/text.ts";
import type { Shown } from "./followed.ts";
import { write } from "./write.ts";

export class JsonLines implements Shown {
  readonly #output: Output;
  readonly #decoders = new Map<number, StringDecoder>();

  constructor(output: Output) {
    this.#output = output;
  }

  /** @throws NobodyReadsError */
  async show(id: number, bytes: Buffer): Promise<void> {
    const decoder = this.#decoders.get(id) ?? new StringDecoder("utf8");
    this.#decoders.set(id, decoder);
    await this.#print(id, decoder.write(bytes));
  }

  /** @throws NobodyReadsError */
  async end(id: number, job: CommandJob | null): Promise<void> {
    await this.#print(id, this.#decoders.get(id)?.end() ?? "");
    if (job === null) return await this.#write({ id, state: null });
    const { state, exit_code, signal, ended_by } = commandRow(job, 0);
    await this.#write({ id, state, exit_code, signal, ended_by });
  }

  async #print(id: number, output: string): Promise<void> {
    if (output !== "") await this.#write({ id, output });
  }

  async #write(line: object): Promise<void> {
    await write(this.#output.stdout, `${jsonText(line)}\n`);
  }
}
